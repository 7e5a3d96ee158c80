"""One run, from recipe to folder."""

import csv
import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback

from unrolled.config import recipe
from unrolled.errors import InputError
from unrolled.runs import checkpoints
from unrolled.runs.evaluate import evaluate
from unrolled.runs.fit import fit
from unrolled.runs.inference.generate import generate


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


def _last(folder: Path, name: str) -> float:
    with (folder / "metrics.csv").open(newline="") as file:
        return [float(row["value"]) for row in csv.DictReader(file) if row["name"] == name][-1]


def test_the_folder_says_all_there_is_to_know(tmp_path: Path, tiny: dict[str, Any]) -> None:
    folder = tmp_path / "run"
    final = fit(tiny, folder, progress=False)
    assert recipe.load(folder / "recipe.yaml") == tiny
    described = json.loads((folder / "environment.json").read_text())
    assert described["packages"]["torch"] == torch.__version__ and described["seconds"] > 0
    best = checkpoints.load(folder / "checkpoints" / "best.ckpt")
    assert described["parameters"] == sum(v.numel() for k, v in best["state_dict"].items())
    assert final["val/loss"] == _last(folder, "val/loss")
    assert final["val/perplexity"] == pytest.approx(math.exp(final["val/loss"]), rel=1e-12)
    assert final["val/bits_per_character"] == pytest.approx(final["val/loss"] / math.log(2), rel=1e-12)


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path, tiny: dict[str, Any]) -> None:
    first, second = (fit(tiny, tmp_path / name, progress=False) for name in ("a", "b"))
    assert first == second
    assert fit({**tiny, "seed": 2}, tmp_path / "c", progress=False) != first


def test_evaluate_measures_the_best_checkpoint_beside_baselines(tmp_path: Path, tiny: dict[str, Any]) -> None:
    folder = tmp_path / "run"
    final = fit(tiny, folder, progress=False)
    validated = evaluate(folder, "valid", progress=False)["metrics"]["val/loss"]
    assert validated == pytest.approx(final["val/loss"], rel=1e-6)
    results = evaluate(folder, progress=False)
    assert json.loads((folder / "results.json").read_text()) == results
    assert set(results["baselines"]) == {"unigram", "trigram", "5-gram", "lzma"}
    # seven letters drawn at random: nothing can be much better than log2(7) bits
    assert math.log2(7) - 0.2 < results["baselines"]["unigram"] < math.log2(9)
    assert set(results["sample"]["text"]) <= set("abcde \n<unk>")


def test_generate_is_seeded(tmp_path: Path, tiny: dict[str, Any]) -> None:
    fit(tiny, tmp_path / "run", progress=False)
    first, again, other = (generate(tmp_path / "run", "ab", 40, 1.0, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert 30 < len(first) <= 40  # a network that knows next to nothing also draws <bos>, which leaves no trace
    with pytest.raises(InputError, match="--length"):
        generate(tmp_path / "run", "ab", 0)


class _Signal(Callback):
    def __init__(self, number: int, batch: int = 5) -> None:
        self.number, self.batch = number, batch

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == self.batch % trainer.num_training_batches:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_leaves_and_the_run_goes_on_bitwise(
    tmp_path: Path, tiny: dict[str, Any], number: signal.Signals
) -> None:
    tiny["checkpoint_every"] = 10**6
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    final = fit(tiny, whole, progress=False)
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as left:
        fit(tiny, stopped, callbacks=[_Signal(number)], progress=False)
    assert left.value.code == 128 + number and signal.getsignal(number) is before
    assert fit(tiny, stopped, resume=True, progress=False) == final
    assert (stopped / "metrics.csv").read_text() == (whole / "metrics.csv").read_text()


@pytest.mark.parametrize("batch", [2, 5, -1])
def test_a_stop_where_a_validation_is_due_loses_none(tmp_path: Path, tiny: dict[str, Any], batch: int) -> None:
    """After the third batch of an epoch, the sixth, and its last."""
    tiny["checkpoint_every"] = 10**6
    tiny["trainer"] |= {"val_check_interval": 3, "max_epochs": 2}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    final = fit(tiny, whole, progress=False)
    validated = [row for row in (whole / "metrics.csv").read_text().splitlines() if ",val/loss," in row]
    assert len(validated) > 3
    with pytest.raises(SystemExit):
        fit(tiny, stopped, callbacks=[_Signal(signal.SIGTERM, batch)], progress=False)
    assert fit(tiny, stopped, resume=True, progress=False) == final
    assert (stopped / "metrics.csv").read_text() == (whole / "metrics.csv").read_text()


def test_told_to_stop_at_the_very_end_a_run_finishes(tmp_path: Path, tiny: dict[str, Any]) -> None:
    tiny["trainer"]["max_epochs"] = 1
    final = fit(tiny, tmp_path / "whole", progress=False)
    assert fit(tiny, tmp_path / "message", callbacks=[_Signal(signal.SIGTERM, -1)], progress=False) == final


def test_bad_folders_are_refused_before_the_first_step(tmp_path: Path, tiny: dict[str, Any]) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="expected a writable folder"):
        fit(tiny, tmp_path / "file" / "run", progress=False)
    with pytest.raises(InputError, match="expected a run folder"):
        evaluate(tmp_path / "nothing")


def test_resuming_another_architecture_is_refused(tmp_path: Path, tiny: dict[str, Any]) -> None:
    fit(tiny, tmp_path / "run", progress=False)
    tiny["architecture"]["init_args"]["hidden_size"] = 7
    with pytest.raises(InputError, match="another architecture: architecture.cells.0"):
        fit(tiny, tmp_path / "run", resume=True, progress=False)


def test_resuming_from_a_damaged_last_checkpoint_falls_back_to_the_one_before(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    folder = tmp_path / "run"
    final = fit(tiny, folder, progress=False)
    rows = (folder / "metrics.csv").read_text()
    last = folder / "checkpoints" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:-1] + b"x")
    assert fit(tiny, folder, resume=True, progress=False) == final
    assert (folder / "metrics.csv").read_text() == rows
