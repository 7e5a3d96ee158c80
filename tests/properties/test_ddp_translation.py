"""Translation in two gloo processes against one process with the same pairs, in float64; their tokens differ in number.

Each process pads its own rows alone, so that sources and targets, and with truncation the windows, differ in length.
"""

from datetime import timedelta

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import DDPStrategy

from conformance.training import fit, weights
from conformance.translation_pairs import SOURCES, TARGETS, TASK, Loader
from unrolled import compose, strategies
from unrolled.functional.translation import pair_batch
from unrolled.tasks import Translation

ROWS = 2  # of each process
LENGTHS = [  # of each batch, of each of its four rows: source and target
    [(5, 6), (2, 3), (4, 1), (1, 1)],
    [(1, 2), (3, 2), (6, 9), (2, 7)],
    [(3, 3), (3, 3), (3, 3), (3, 3)],
]


def pairs():
    random = torch.Generator().manual_seed(3)
    return [
        [tuple(torch.randint(3, high, (n,), generator=random) for high, n in zip((SOURCES, TARGETS), row, strict=True))
         for row in rows]
        for rows in LENGTHS
    ]  # fmt: skip


class Data(pl.LightningDataModule):
    """All pairs of a batch to one process, or each half of them to its own."""

    def _loader(self):
        world, rank = self.trainer.world_size, self.trainer.global_rank
        rows = slice(None) if world == 1 else slice(rank * ROWS, (rank + 1) * ROWS)
        return Loader([pair_batch(*zip(*batch[rows], strict=True)) for batch in pairs()])

    train_dataloader = val_dataloader = _loader


class Keep(pl.Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, task):
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        kept = {"weights": weights(task), "steps": task.optimizer_steps, "logged": logged}
        torch.save(kept, self.folder / f"{trainer.world_size}-{trainer.global_rank}.pt")


def ran(folder, processes, *names, **given):
    """What each process kept of two epochs."""
    trainer = {"devices": processes, "max_epochs": 2, "use_distributed_sampler": False, "log_every_n_steps": 1}
    if processes > 1:
        trainer["strategy"] = DDPStrategy(
            process_group_backend="gloo", start_method="fork", timeout=timedelta(seconds=60)
        )
    torch.manual_seed(0)
    task = compose(Translation, *(getattr(strategies, name) for name in names))(**{**TASK, **given}).double()
    fit(task, Data(), callbacks=[Keep(folder)], trainer=trainer)
    return [torch.load(folder / f"{processes}-{rank}.pt", weights_only=True) for rank in range(processes)]


CASES = {
    "alone": ((), {"coverage": True}, 6),
    "norm": (("ClipNorm",), {"max_norm": 0.05}, 6),
    "value": (("ClipValue",), {"max_value": 0.01}, 6),
    "layer by layer": (("ClipPerLayer",), {"max_norm": 0.02}, 6),
    "state gradient": (("ClipStateGradient",), {"max_state_gradient": 1e-3, "by": "norm"}, 6),
    "windows": (("TruncatedBPTT", "ClipNorm"), {"k1": 3, "k2": 3, "max_norm": 0.3}, 2 * (3 + 4 + 2)),
    "k1 < k2, kept": (("TruncatedBPTT",), {"k1": 2, "k2": 5, "past": "kept"}, 2 * (4 + 5 + 2)),
    "k1 < k2, recomputed": (("TruncatedBPTT",), {"k1": 2, "k2": 5, "past": "recomputed"}, 2 * (4 + 5 + 2)),
    "free running": (("FreeRunning", "TruncatedBPTT"), {"k1": 4, "k2": 4}, 2 * (2 + 3 + 1)),
    "no attention": ((), {"attention": "none", "input_feeding": False, "label_smoothing": 0.1}, 6),
}


@pytest.mark.parametrize("case", CASES)
def test_two_processes_equal_one(case, tmp_path):
    names, given, steps = CASES[case]
    (one,), (first, second) = ran(tmp_path, 1, *names, **given), ran(tmp_path, 2, *names, **given)
    assert first["steps"] == second["steps"] == one["steps"] == steps
    assert {"train/loss", "val/loss", "val/bleu", "val/chrf", "val/exposure_gap"} <= one["logged"].keys()
    assert first["logged"] == pytest.approx(one["logged"], rel=1e-6, abs=1e-6)
    for name, value in one["weights"].items():
        assert torch.equal(first["weights"][name], second["weights"][name]), name
        torch.testing.assert_close(
            first["weights"][name], value, rtol=0, atol=1e-12 * max(float(value.abs().max()), 1.0), msg=name
        )
