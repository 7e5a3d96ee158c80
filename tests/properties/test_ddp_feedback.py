"""Feedback in two gloo processes: the same weights on both, shared where it should be, apart where it should not."""

from datetime import timedelta

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import DDPStrategy

from conformance.bptt_runs import sgd
from conformance.feedback_spy import Spy
from conformance.token_streams import V
from conformance.training import fit, make, weights
from unrolled import compose
from unrolled.data.loaders.token_stream import StreamLoader
from unrolled.strategies import (
    CarriedState,
    FreeRunning,
    LossScheduledSampling,
    ParallelScheduledSampling,
    ProfessorForcing,
    TeacherForcing,
    TruncatedBPTT,
)
from unrolled.tasks import LanguageModeling


class Data(pl.LightningDataModule):
    def train_dataloader(self):
        tokens = torch.randint(1, V, (4 * 40,), generator=torch.Generator().manual_seed(3))
        world, rank = self.trainer.world_size, self.trainer.global_rank
        return StreamLoader(tokens, begin=0, rows=4 // world, window=8, rank=rank, world_size=world)


class Keep(pl.Callback):
    def __init__(self, folder):
        self.folder = folder

    def setup(self, trainer, task, stage):
        self.spy = Spy(task)

    def on_train_end(self, trainer, task):
        ids = [read for read in self.spy.trained if read.dim() == 2]
        kept = {"weights": weights(task), "read": torch.cat(ids, 1) if ids else None, "ratio": task.ratio()}
        torch.save(kept, self.folder / f"{trainer.world_size}-{trainer.global_rank}.pt")


def ran(folder, processes, *strategies, deaf=False, lr=0.5, **given):
    trainer = {"devices": processes, "max_epochs": 1, "use_distributed_sampler": False}
    if processes > 1:
        trainer["strategy"] = DDPStrategy(
            process_group_backend="gloo", start_method="fork", timeout=timedelta(seconds=60)
        )
    task = make(compose(LanguageModeling, *strategies), optimizer=sgd(lr), **given).double()
    if deaf:  # its own word is 0, never the truth behind a row's first step
        with torch.no_grad():
            task.head.bias[0] = 1e3
    fit(task, Data(), callbacks=[Keep(folder)], trainer=trainer)
    return [torch.load(folder / f"{processes}-{rank}.pt", weights_only=True) for rank in range(processes)]


SAME = {  # nothing is tossed, or all share one coin: two processes do what one does
    "free": ((FreeRunning, CarriedState, TruncatedBPTT), {"k1": 3, "k2": 5}),
    "expected": ((FreeRunning,), {"fed_back": "expected", "gradient": True}),
    "batch": ((TeacherForcing, TruncatedBPTT), {"ratio": 0.5, "coin_per": "batch", "k1": 4, "k2": 4}),
    "parallel": ((ParallelScheduledSampling,), {"start": 0.5, "end": 0.5, "coin_per": "batch"}),
    "loss": ((LossScheduledSampling,), {"end": 0.2, "high": 1.95, "low": 1.75, "coin_per": "batch"}),
}


@pytest.mark.parametrize("case", SAME)
def test_two_processes_equal_one(case, tmp_path):
    strategies, given = SAME[case]
    (one,) = ran(tmp_path, 1, *strategies, **given)
    first, second = ran(tmp_path, 2, *strategies, **given)
    assert first["ratio"] == second["ratio"] == pytest.approx(one["ratio"], rel=1e-6)
    for name, value in one["weights"].items():
        assert torch.equal(first["weights"][name], second["weights"][name]), name
        torch.testing.assert_close(first["weights"][name], value, rtol=0, atol=1e-9, msg=name)


TOSSED = {
    "token": ((TeacherForcing,), {"ratio": 0.5}),
    "sequence": ((TeacherForcing,), {"ratio": 0.5, "coin_per": "sequence"}),
    "professor": ((ProfessorForcing, TruncatedBPTT), {"weight": 1.0, "heard_above": 0.4, "k1": 3, "k2": 5}),
}


@pytest.mark.parametrize("case", TOSSED)
def test_random_numbers_of_their_own_and_equal_weights(case, tmp_path):
    """Every weight has a gradient on both, or DDP would stop."""
    strategies, given = TOSSED[case]
    first, second = ran(tmp_path, 2, *strategies, **given)
    begin = weights(make(compose(LanguageModeling, *strategies), **given).double())
    for name, value in first["weights"].items():
        assert torch.equal(value, second["weights"][name]), name
        assert not torch.equal(value, begin[name]), name


@pytest.mark.parametrize("per", ["token", "sequence", "batch"])
def test_rows_of_two_processes_toss_apart_and_batches_together(per, tmp_path):
    given = {"ratio": 0.5, "coin_per": per, "deaf": True, "lr": 0.0}
    own = [kept["read"].unflatten(1, (5, 8))[:, :, 1:] == 0 for kept in ran(tmp_path, 2, TeacherForcing, **given)]
    assert torch.equal(*own) == (per == "batch")
    assert all(0 < int(one.sum()) < one.numel() for one in own)
