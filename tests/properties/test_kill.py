"""kill -9 at a random step, then resume: every loss and the final weights are bitwise those of a run never stopped."""

import multiprocessing
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

KILLS = 20
STRATEGIES = {
    "kept graphs": [
        {"TruncatedBPTT": {"k1": 5, "k2": 8}},
        "CarriedState",
        {"ScheduledSampling": {"start": 1.0, "end": 0.3, "decay": "linear", "over": 60}},
        {"ClipNorm": {"max_norm": 0.5}},
    ],
    "random truncation": [
        {"RandomTruncation": {"base_length": 6, "half_probability": 0.3, "length_std": 2.0, "min_length": 2}},
        {"CarriedState": {"drop_probability": 0.2, "learned_initial_state": True, "burn_in": 3}},
        {"TeacherForcing": {"ratio": 0.7}},
        {"GradientNoise": {"eta": 0.01}},
    ],
}


def _recipe(text: Path, strategies: str) -> dict[str, Any]:
    from unrolled.config import recipe
    from unrolled.runs.build import parse

    written = {
        "task": {"LanguageModeling": {"embedding_size": 12, "dropout": 0.2}},
        "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 12, "num_layers": 2, "dropout": 0.2}},
        "strategies": STRATEGIES[strategies],
        "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.01}},
        "lr_scheduler": {"class_path": "LinearLR", "init_args": {"total_iters": 20}, "interval": "step"},
        "data": {"class_path": "TextFile", "init_args": {"path": str(text), "batch_size": 4, "sequence_length": 20}},
        "trainer": {"max_epochs": 2, "accelerator": "cpu", "log_every_n_steps": 1},
        "checkpoint_every": 3,
    }
    return parse(recipe.normalise(written, "test"))


def _train(text: Path, strategies: str, folder: Path, resume: bool, die_at: int | None) -> None:
    """In a process of its own: train, and die before batch `die_at`."""
    import torch
    from pytorch_lightning.callbacks import Callback

    from unrolled.runs.fit import fit

    class Die(Callback):
        batches = 0

        def on_train_batch_end(self, *args: Any) -> None:
            self.batches += 1
            if self.batches == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        def on_train_end(self, *args: Any) -> None:
            (folder / "batches").write_text(str(self.batches))

    torch.set_num_threads(1)
    fit(_recipe(text, strategies), folder, resume=resume, callbacks=[Die()], progress=False)


@pytest.fixture(scope="module")
def processes() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "pytorch_lightning", "torchmetrics", "wandb", "unrolled.runs.fit"])
    return context


def _run(processes: Any, *args: Any) -> int:
    child = processes.Process(target=_train, args=args)
    child.start()
    child.join()
    return child.exitcode


def _weights(folder: Path) -> dict[str, Any]:
    from unrolled.runs import checkpoints

    return checkpoints.load(folder / "checkpoints" / "last.ckpt")["state_dict"]


@pytest.mark.parametrize("strategies", STRATEGIES)
def test_a_killed_run_resumes_bitwise(
    strategies: str, tmp_path: Path, processes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setenv("WANDB_MODE", "disabled")
    text = tmp_path / "text.txt"
    rng = random.Random(0)
    text.write_text("".join(rng.choice("abcde \n") for _ in range(1600)), encoding="utf-8")
    whole = tmp_path / "whole"
    assert _run(processes, text, strategies, whole, False, None) == 0
    losses, weights = (whole / "metrics.csv").read_text(), _weights(whole)
    batches = losses.count("train/loss")
    for seed in range(KILLS):
        kills = sorted(random.Random(seed).sample(range(1, batches), 1 + seed % 2))
        print(f"seed {seed}: killed after batch {kills} of {batches}")
        folder = tmp_path / f"killed{seed}"
        for number, batch in enumerate(kills):  # every other seed is killed twice
            assert _run(processes, text, strategies, folder, number > 0, batch if number == 0 else 1) == -signal.SIGKILL
        assert _run(processes, text, strategies, folder, True, None) == 0
        # It went on, and did not start anew, which would end in the same numbers: at most 3 batches were run again.
        assert int((folder / "batches").read_text()) <= batches - kills[0] + 3
        assert (folder / "metrics.csv").read_text() == losses
        assert all(torch.equal(value, weights[name]) for name, value in _weights(folder).items())
