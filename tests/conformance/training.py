"""Small training runs on a CPU, what they leave behind, and how two of them are compared."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from torch import Tensor

from conformance.token_streams import V, stream
from unrolled.tasks.base import SequenceTask

QUIET = {
    "accelerator": "cpu",
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
}
TASK = {
    "vocabulary_size": V,
    "embedding_size": 5,
    "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 6}},
    "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.02}},
}
DROPOUT = {
    "dropout": 0.3,
    "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 6, "num_layers": 2, "dropout": 0.3}},
}


class Run(NamedTuple):
    """What one fit left: the weights by name, and of each optimizer step the loss and the gradients before clipping."""

    weights: dict[str, Tensor]
    losses: list[Tensor]
    gradients: list[dict[str, Tensor]]
    task: SequenceTask
    trainer: pl.Trainer


class Recorder(pl.Callback):
    def __init__(self) -> None:
        self.losses: list[Tensor] = []
        self.gradients: list[dict[str, Tensor]] = []

    def on_before_backward(self, trainer: pl.Trainer, task: pl.LightningModule, loss: Tensor) -> None:
        self.losses.append(loss.detach().clone())

    def on_before_optimizer_step(self, trainer: pl.Trainer, task: pl.LightningModule, optimizer: Any) -> None:
        self.gradients.append({name: p.grad.clone() for name, p in task.named_parameters() if p.grad is not None})


class SaveAfter(pl.Callback):
    """Write `path` behind batch number `batches` of the run."""

    def __init__(self, batches: int, path: Path) -> None:
        self.batches, self.path = batches, path

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step == self.batches:
            trainer.save_checkpoint(self.path)


def make(cls: type[SequenceTask], *, seed: int = 0, **arguments: Any) -> SequenceTask:
    torch.manual_seed(seed)
    return cls(**{**TASK, **arguments})


def fit(
    task: SequenceTask,
    loader: Any = None,
    *,
    seed: int = 0,
    resume: Path | None = None,
    callbacks: Sequence[pl.Callback] = (),
    validation: Any = None,
    trainer: dict[str, Any] | None = None,
) -> Run:
    """Fit `task` with a new Trainer, for two epochs unless said; `seed` starts dropout's and the feedback's coins."""
    recorder = Recorder()
    runner = pl.Trainer(**{"max_epochs": 2, **QUIET, **(trainer or {}), "callbacks": [*callbacks, recorder]})
    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You defined a .validation_step. but have no")
        loader = stream() if loader is None else loader
        runner.fit(task, loader, validation, ckpt_path=resume, weights_only=True if resume else None)
    return Run(weights(task), recorder.losses, recorder.gradients, task, runner)


FIT = {"loader", "resume", "callbacks", "validation", "trainer"}


def train(cls: type[SequenceTask], *, dtype: torch.dtype = torch.float32, seed: int = 0, **arguments: Any) -> Run:
    """`fit` a new `cls`; what `fit` does not take is an argument of the task."""
    task = make(cls, seed=seed, **{key: value for key, value in arguments.items() if key not in FIT})
    return fit(task.to(dtype), seed=seed, **{key: value for key, value in arguments.items() if key in FIT})


def weights(task: torch.nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in task.named_parameters()}


def assert_same(actual: Run, expected: Run) -> None:
    """Not one bit of a weight or a loss differs."""
    assert torch.equal(torch.stack(actual.losses), torch.stack(expected.losses[-len(actual.losses) :]))
    assert actual.weights.keys() == expected.weights.keys()
    for name, value in expected.weights.items():
        assert torch.equal(actual.weights[name], value), name


def assert_close(actual: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float = 1e-12) -> None:
    """Each tensor within `tolerance` of the other's largest entry."""
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(actual[name], value, rtol=0, atol=tolerance * float(value.abs().max()), msg=name)


def evaluation_loss(task, batch):
    """Summed loss and number of targets of an evaluation batch."""
    return task.measure(task.forward_eval(batch), batch.targets)
