"""Clipping, penalties, constraints, first weights and averages in two gloo processes against one, in float64."""

from datetime import timedelta

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import DDPStrategy

from conformance.bptt_runs import batch, loader, sgd
from conformance.references.bptt import IGNORE
from conformance.training import fit, make, weights
from unrolled import compose, strategies
from unrolled.functional.batch import SequenceBatch
from unrolled.tasks import LanguageModeling

LENGTHS = [(8, 13), (5, 5), (11, 3), (1, 7), (9, 6)]  # of the rows of the first process, and of the second
MARK = (1, 3, 2)  # batch, row, step: where a row starts anew


def together():
    """Batches of 4 rows; rows 0 and 1 end at the first of each pair of lengths, rows 2 and 3 at the second."""
    made = []
    for number, ends in enumerate(LENGTHS):
        one = batch(max(ends), 4, seed=number, marks=[MARK[1:]] if number == MARK[0] else [])
        for rank, end in enumerate(ends):
            rows = slice(2 * rank, 2 * rank + 2)
            one.inputs[rows, end:], one.targets[rows, end:] = 0, IGNORE
        one.targets[0, : ends[0] // 2] = IGNORE
        made.append(one)
    return made


class Data(pl.LightningDataModule):
    def _mine(self):
        if self.trainer.world_size == 1:
            return loader(together())
        rank = self.trainer.global_rank
        rows = slice(2 * rank, 2 * rank + 2)
        pairs = zip(together(), LENGTHS, strict=True)
        return loader([SequenceBatch(*(p[rows, : ends[rank]].clone() for p in made)) for made, ends in pairs])

    def train_dataloader(self):
        return self._mine()

    def val_dataloader(self):
        return self._mine()


class Spoil(pl.Callback):
    """A nan in what one process alone adds to its loss, at the second step."""

    def on_train_batch_start(self, trainer, task, *_):
        last = trainer.global_rank == trainer.world_size - 1
        value = float("nan") if task.optimizer_steps == 1 and last else 0.0
        task.penalties = lambda hidden: {"mine": lambda: value * hidden.sum().detach()}


class Keep(pl.Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, task):
        state = {name: value.double() for name, value in task.state_dict().items() if "losses" not in name}
        logged = {k: float(v) for k, v in trainer.callback_metrics.items() if "seconds" not in k}
        raw = {f"raw {name}": value for name, value in getattr(task, "averages", {}).items()}
        kept = {"state": weights(task) | state | raw, "logged": logged, "norms": [*getattr(task, "norms", [])]}
        torch.save(kept, self.folder / f"{trainer.world_size}-{trainer.global_rank}.pt")


def ran(folder, processes, names, **given):
    trainer = {"devices": processes, "max_epochs": 2, "use_distributed_sampler": False, "log_every_n_steps": 1000}
    if processes > 1:
        trainer["strategy"] = DDPStrategy(
            process_group_backend="gloo", start_method="fork", timeout=timedelta(seconds=60)
        )
    callbacks = [Spoil()] if "SkipNonFinite" in names else []
    cls = compose(LanguageModeling, *(getattr(strategies, name) for name in names))
    task = make(cls, optimizer=sgd(0.5), **given).double()
    fit(task, Data(), callbacks=[*callbacks, Keep(folder)], trainer=trainer)
    return [torch.load(folder / f"{processes}-{rank}.pt", weights_only=True) for rank in range(processes)]


CASES = {
    "layer": (("ClipPerLayer",), {"max_norm": 0.1}),
    "unit": (("AdaptiveClip",), {"clipping_factor": 0.02}),
    "auto, windows": (("AutoClip", "TruncatedBPTT"), {"percentile": 40.0, "k1": 3, "k2": 5}),
    "skip": (("SkipNonFinite",), {"at_most": 1}),
    "weights": (("WeightPenalty",), {"l1": 1e-3, "l2": 1e-2}),
    "activation, windows": (("ActivationPenalty", "TruncatedBPTT"), {"alpha": 2.0, "beta": 1.0, "k1": 4}),
    "omega": (("GradientPenalty",), {"omega": 0.3}),
    "omega, windows": (("GradientPenalty", "TruncatedBPTT"), {"omega": 0.3, "k1": 3, "k2": 5, "past": "recomputed"}),
    "clip weights": (("ClipWeights", "MaxNorm", "SpectralBound"),
                     {"bound": 0.4, "max_unit_norm": 0.8, "max_stretch": 0.5}),
    "orthogonal, ema": (("OrthogonalInitialization", "ExponentialAveraging"), {"average_decay": 0.7}),
    "chrono, triggered": (("ChronoInitialization", "TriggeredAveraging"), {"t_max": 9, "non_monotone": 0}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_two_processes_equal_one(case, tmp_path):
    names, given = CASES[case]
    (one,) = ran(tmp_path, 1, names, **given)
    first, second = ran(tmp_path, 2, names, **given)
    assert first["norms"] == second["norms"]
    torch.testing.assert_close(first["norms"], one["norms"], rtol=1e-11, atol=0)
    assert first["state"].keys() == one["state"].keys()
    for name, value in one["state"].items():
        assert torch.equal(first["state"][name], second["state"][name]), name
        scale = max(float(value.abs().max()), 1e-3)
        torch.testing.assert_close(first["state"][name], value, rtol=0, atol=1e-12 * scale, msg=name)
    own = {k: v for k, v in one["logged"].items() if k.startswith("strategy/")}
    assert {k: v for k, v in first["logged"].items() if k.startswith("strategy/")} == pytest.approx(own, rel=1e-6)
    if "SkipNonFinite" in names:
        assert one["state"]["skipped"].tolist() == [1, 0]
