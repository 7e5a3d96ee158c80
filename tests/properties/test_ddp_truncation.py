"""Truncation and memory in two gloo processes against one process with the same global batch, in float64."""

from datetime import timedelta

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import DDPStrategy

from conformance.bptt_runs import LR, batch, loader, sgd
from conformance.references.bptt import IGNORE
from conformance.training import fit, make, weights
from unrolled import compose
from unrolled.functional.batch import SequenceBatch
from unrolled.strategies import CarriedState, CheckpointedBPTT, ClipNorm, TruncatedBPTT
from unrolled.tasks import LanguageModeling

ROWS = 2  # of each process
PAD = 0  # what a shorter batch reads behind its end; with a carried state it shows


def together(lengths, holes=(), marks=()):
    """Batches of 4 rows; rows 0 and 1 end at the first of each pair of lengths, rows 2 and 3 at the second.

    `holes` are (batch, row, first step, end) without targets, `marks` (batch, row, step) that start a sequence.
    """
    made = []
    for number, ends in enumerate(lengths):
        one = batch(max(ends), 2 * ROWS, seed=number, marks=[mark[1:] for mark in marks if mark[0] == number])
        for rank, end in enumerate(ends):
            rows = slice(rank * ROWS, (rank + 1) * ROWS)
            one.inputs[rows, end:], one.targets[rows, end:] = PAD, IGNORE
        for where, row, first, end in holes:
            if where == number:
                one.targets[row, first:end] = IGNORE
        made.append(one)
    return made


class Data(pl.LightningDataModule):
    """Each process gets its two rows, cut to their own length."""

    def __init__(self, batches, lengths):
        super().__init__()
        self.batches, self.lengths = batches, lengths

    def train_dataloader(self):
        if self.trainer.world_size == 1:
            return loader(self.batches)
        rank = self.trainer.global_rank
        rows = slice(rank * ROWS, (rank + 1) * ROWS)
        return loader(
            [
                SequenceBatch(*(part[rows, : ends[rank]].clone() for part in made))
                for made, ends in zip(self.batches, self.lengths, strict=True)
            ]
        )


class Keep(pl.Callback):
    """The weights, the steps, and of each batch the rows that started it with an empty state."""

    def __init__(self, folder):
        self.folder, self.empty, self.waiting = folder, [], False

    def setup(self, trainer, task, stage):
        task.architecture.register_forward_pre_hook(self._look)

    def on_train_batch_start(self, *_):
        self.waiting = True

    def _look(self, module, inputs):
        if self.waiting:
            self.empty.append(~inputs[1][0].flatten(1).any(1))
            self.waiting = False

    def on_train_end(self, trainer, task):
        kept = {"weights": weights(task), "steps": task.optimizer_steps, "empty": torch.stack(self.empty)}
        torch.save(kept, self.folder / f"{trainer.world_size}-{trainer.global_rank}.pt")


def ran(folder, processes, strategies, batches, lengths, **given):
    """What each process kept of one epoch; without the same windows on both one waits for the other, and fails."""
    trainer = {"devices": processes, "max_epochs": 1, "use_distributed_sampler": False}
    if processes > 1:
        trainer["strategy"] = DDPStrategy(
            process_group_backend="gloo", start_method="fork", timeout=timedelta(seconds=60)
        )
    task = make(compose(LanguageModeling, *strategies), optimizer=sgd(5 * LR), **given).double()
    fit(task, Data(batches, lengths), callbacks=[Keep(folder)], trainer=trainer)
    return [torch.load(folder / f"{processes}-{rank}.pt", weights_only=True) for rank in range(processes)]


UNEQUAL = [(8, 13), (5, 5), (11, 3), (1, 7)]
EQUAL = [(9, 9), (9, 9), (4, 4), (9, 9)]
HOLES = [
    *[(0, row, 2, 4) for row in (0, 1)],  # a window without a target in the first process alone
    *[(1, row, 2, 4) for row in range(4)],  # one without in both: no step
    *[(2, row, 0, 3) for row in (2, 3)],  # a batch without in the second process
]
NOTHING = [(1, row, 0, 5) for row in range(4)]  # a batch without in both: it is read, and no step taken
WINDOWS = (7 + 2 + 6 + 4, {"k1": 2, "k2": 5, "max_norm": 0.3})  # the steps of both processes, and the arguments
MARKS = [(1, 3, 4), (2, 0, 0), (3, 2, 8)]  # rows that start anew in one of the processes at a time
CARRIED = {"k1": 3, "k2": 5, "learned_initial_state": True, "burn_in": 1}
CASES = {
    "kept": ((TruncatedBPTT, ClipNorm), UNEQUAL, HOLES, (), {**WINDOWS[1], "past": "kept"}, WINDOWS[0]),
    "recomputed": ((TruncatedBPTT, ClipNorm), UNEQUAL, HOLES, (), {**WINDOWS[1], "past": "recomputed"}, WINDOWS[0]),
    "memory": ((CarriedState, TruncatedBPTT), EQUAL, HOLES, MARKS, {**CARRIED, "past": "kept"}, 11),
    "memory, recomputed": ((CarriedState, TruncatedBPTT), EQUAL, HOLES, MARKS, {**CARRIED, "past": "recomputed"}, 11),
    "memory, unequal": ((CarriedState,), UNEQUAL, (), MARKS[1:2], {"learned_initial_state": True}, 4),
    "nothing": ((CarriedState, ClipNorm), EQUAL, [(1, row, 0, 9) for row in range(4)], (), {"max_norm": 0.3}, 3),
    "nothing, unequal": ((TruncatedBPTT,), UNEQUAL, NOTHING, (), {"k1": 2, "k2": 5}, 7 + 6 + 4),
    "checkpointed": ((CheckpointedBPTT,), UNEQUAL, HOLES, MARKS[:1], {}, 4),
}


@pytest.mark.parametrize("case", CASES)
def test_two_processes_equal_one(case, tmp_path):
    strategies, lengths, holes, marks, given, steps = CASES[case]
    batches = together(lengths, holes, marks)
    (one,) = ran(tmp_path, 1, strategies, batches, lengths, **given)
    first, second = ran(tmp_path, 2, strategies, batches, lengths, **given)
    assert first["steps"] == second["steps"] == one["steps"] == steps
    for name, value in one["weights"].items():
        assert torch.equal(first["weights"][name], second["weights"][name]), name
        torch.testing.assert_close(
            first["weights"][name], value, rtol=0, atol=1e-12 * max(float(value.abs().max()), 1e-3), msg=name
        )


def test_rows_of_two_processes_forget_apart(tmp_path):
    lengths = [(1, 1)] * 20
    given = {"drop_probability": 0.5}
    first, second = ran(tmp_path, 2, (CarriedState,), together(lengths), lengths, **given)
    assert first["empty"][0].all() and second["empty"][0].all()
    assert not torch.equal(first["empty"], second["empty"])
    for kept in (first, second):
        assert 5 < int(kept["empty"][1:].sum()) < 33  # of 38
