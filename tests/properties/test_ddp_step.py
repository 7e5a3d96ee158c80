"""Two gloo processes against one process with the same global batch, in float64."""

import pytest
import pytorch_lightning as pl
import torch

from conformance.token_streams import V
from conformance.training import DROPOUT, SaveAfter, assert_close, fit, make, weights
from unrolled import compose
from unrolled.data.loaders.token_stream import StreamLoader
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE
from unrolled.strategies import CarriedState, ClipNorm, TeacherForcing, TruncatedBPTT
from unrolled.tasks import LanguageModeling

ROWS, COLUMNS, WINDOW = 4, 26, 8  # of both processes together
LIVE = {"k1": 3, "k2": 5, "max_norm": 0.3}
Class = compose(LanguageModeling, TruncatedBPTT, CarriedState, ClipNorm)


def loader(columns, rank, world_size, holes):
    tokens = torch.randint(1, V, (ROWS * columns,), generator=torch.Generator().manual_seed(4))
    made = StreamLoader(tokens, begin=0, rows=ROWS // world_size, window=WINDOW, rank=rank, world_size=world_size)
    first = rank * ROWS // world_size
    for row, steps in holes.items():  # rows of the global batch where some steps have nothing to predict
        if first <= row < first + len(made.targets):
            made.targets[row - first, steps] = IGNORE
    return made


class Data(pl.LightningDataModule):
    def __init__(self, holes):
        super().__init__()
        self.holes = holes

    def train_dataloader(self):
        return loader(COLUMNS, self.trainer.global_rank, self.trainer.world_size, self.holes)

    def val_dataloader(self):
        return loader(21, self.trainer.global_rank, self.trainer.world_size, {0: slice(0, 9), 3: slice(2, 4)})


class Keep(pl.Callback):
    """Write down what a process ends with."""

    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, task):
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        kept = {"weights": weights(task), "logged": logged, "steps": task.optimizer_steps}
        torch.save(kept, self.folder / f"{trainer.world_size}-{trainer.global_rank}.pt")


def run(folder, devices, holes, cls=Class, resume=None, callbacks=(), **arguments):
    """What each process of a run kept."""
    trainer = {"devices": devices, "strategy": "ddp_fork" if devices > 1 else "auto", "log_every_n_steps": 1}
    task = make(cls, **LIVE, **arguments).double()
    seed = 9 if resume else 0
    fit(task, Data(holes), resume=resume, callbacks=[*callbacks, Keep(folder)], trainer=trainer, seed=seed)
    return [torch.load(folder / f"{devices}-{rank}.pt", weights_only=True) for rank in range(devices)]


HOLES = {
    "equal": {},
    "unequal": {0: slice(0, 20, 2), 3: slice(5, 6)},
    "a window of one process has none": {2: slice(3, 6), 3: slice(0, 6)},
}


NOISY = {
    "cls": compose(LanguageModeling, TruncatedBPTT, CarriedState, ClipNorm, TeacherForcing),
    "holes": {},
    "ratio": 0.5,
    **DROPOUT,
}
each_hole = pytest.mark.parametrize("holes", HOLES.values(), ids=HOLES)


@each_hole
def test_two_processes_equal_one(holes, tmp_path):
    (one,), (first, second) = run(tmp_path, 1, holes), run(tmp_path, 2, holes)
    assert_close(first["weights"], second["weights"], 0)
    assert_close(first["weights"], one["weights"])
    assert first["steps"] == second["steps"] == one["steps"] == 2 * (3 * 3 + 1)


@each_hole
def test_two_processes_log_what_one_logs(holes, tmp_path):
    (one,), (first, _) = run(tmp_path, 1, holes), run(tmp_path, 2, holes)
    assert first["logged"] == pytest.approx(one["logged"], rel=1e-6)
    assert {"train/loss", "train/perplexity", "val/loss", "val/bits_per_character"} <= first["logged"].keys()


def test_two_processes_resume_as_two_and_not_as_one(tmp_path):
    path = tmp_path / "last.ckpt"
    whole, _ = run(tmp_path, 2, callbacks=[SaveAfter(3, path)], **NOISY)
    resumed, _ = run(tmp_path, 2, resume=path, **NOISY)
    assert_close(resumed["weights"], whole["weights"], 0)
    with pytest.raises(InputError, match=r"2 process\(es\), this run has 1"):
        run(tmp_path, 1, resume=path, **NOISY)


def test_each_process_draws_its_own_dropout_and_coins(tmp_path):
    run(tmp_path, 2, callbacks=[SaveAfter(1, path := tmp_path / "first.ckpt")], **NOISY)
    states = [rank["random"]["torch"] for rank in torch.load(path, weights_only=True)["unrolled"]["ranks"]]
    assert not torch.equal(*states)
