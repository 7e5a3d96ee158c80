"""Truncations that draw or measure their windows: two gloo processes against one with the same batch, in float64."""

from datetime import timedelta

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import DDPStrategy

from conformance.token_streams import V
from conformance.training import fit, make, weights
from unrolled import compose
from unrolled.data.loaders.token_stream import StreamLoader
from unrolled.functional.batch import IGNORE
from unrolled.strategies import ARTBP, AdaptiveTruncation, CarriedState, RandomTruncation
from unrolled.tasks import LanguageModeling

ROWS, COLUMNS, T = 4, 52, 16  # rows of both processes together; the last batch is shorter
HOLES = [(0, slice(0, 40, 2)), (3, slice(5, 6)), (2, slice(16, 32)), (3, slice(16, 32))]  # one has a batch without
CASES = {
    "random": (RandomTruncation, {"base_length": 5, "half_probability": 0.3, "length_std": 1.5, "min_length": 2}),
    "reweighted": (ARTBP, {"expected_length": 4.0}),
    "adaptive": (AdaptiveTruncation, {"shortest": 2, "longest": 9, "lags": 10, "estimate_every": 2}),
}


class Data(pl.LightningDataModule):
    def train_dataloader(self):
        world, rank = self.trainer.world_size, self.trainer.global_rank
        tokens = torch.randint(1, V, (ROWS * COLUMNS,), generator=torch.Generator().manual_seed(4))
        made = StreamLoader(tokens, begin=0, rows=ROWS // world, window=T, rank=rank, world_size=world)
        first = rank * ROWS // world
        for row, steps in HOLES:
            if first <= row < first + len(made.targets):
                made.targets[row - first, steps] = IGNORE
        return made


class Keep(pl.Callback):
    """The weights and the windows that a process ended with."""

    def __init__(self, folder):
        self.folder, self.windows = folder, []

    def on_before_optimizer_step(self, trainer, task, optimizer):
        self.windows.append([task.window.start, task.window.stop])

    def on_train_end(self, trainer, task):
        kept = {"weights": weights(task), "windows": self.windows}
        torch.save(kept, self.folder / f"{trainer.world_size}-{trainer.global_rank}.pt")


def run(folder, processes, strategy, given):
    trainer = {"devices": processes}
    if processes > 1:  # with other windows on each, one would wait for the other
        patience = timedelta(seconds=60)
        trainer["strategy"] = DDPStrategy(process_group_backend="gloo", start_method="fork", timeout=patience)
    task = make(compose(LanguageModeling, strategy, CarriedState), **given).double()
    fit(task, Data(), callbacks=[Keep(folder)], trainer=trainer)
    return [torch.load(folder / f"{processes}-{rank}.pt", weights_only=True) for rank in range(processes)]


@pytest.mark.parametrize("case", CASES)
def test_two_processes_equal_one(case, tmp_path):
    (one,), (first, second) = (run(tmp_path, processes, *CASES[case]) for processes in (1, 2))
    assert first["windows"] == second["windows"] == one["windows"]
    assert len({stop - start for start, stop in one["windows"]}) > 2
    for name, value in one["weights"].items():
        assert torch.equal(first["weights"][name], second["weights"][name]), name
        torch.testing.assert_close(first["weights"][name], value, rtol=0, atol=1e-12 * float(value.abs().max()))
