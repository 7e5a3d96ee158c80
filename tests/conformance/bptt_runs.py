"""A task and its loop by hand on the same batches.  B batch (rows), T time (steps), V vocabulary."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from conformance.references.bptt import CELLS, IGNORE, Step, Weights
from conformance.token_streams import V
from conformance.training import Run, assert_close, fit, make
from unrolled.functional.batch import SequenceBatch
from unrolled.tasks.base import SequenceTask

LR = 0.1  # so large that weights of another time would show
STACK = [(cell, layers) for cell in CELLS for layers in (1, 2)]


def architecture(cell: str, layers: int = 1, **extra: Any) -> dict[str, Any]:
    name, _, nonlinearity = cell.partition("-")
    chosen = {"nonlinearity": nonlinearity} if nonlinearity else {}
    return {"class_path": name, "init_args": {"hidden_size": 6, "num_layers": layers, **chosen, **extra}}


def sgd(lr: float) -> dict[str, Any]:
    return {"class_path": "SGD", "init_args": {"lr": lr}}


def batch(length: int, rows: int = 3, *, seed: int = 0, marks: Sequence[tuple[int, int]] = ()) -> SequenceBatch:
    """Random tokens with a target at every step; `marks` holds the (row, step) where a sequence starts."""
    draw = torch.Generator().manual_seed(1000 * seed + length)
    inputs, targets = (torch.randint(V, (rows, length), generator=draw) for _ in range(2))
    fresh = torch.zeros(rows, length, dtype=torch.bool)
    for row, step in marks:
        fresh[row, step] = True
    return SequenceBatch(inputs, targets, fresh)


def ragged(length: int, *, seed: int = 0, marks: Sequence[tuple[int, int]] = ()) -> SequenceBatch:
    """Three rows: a full one, one that ends at two thirds, one with a hole; what is read there is junk."""
    made = batch(length, seed=seed, marks=marks)
    made.targets[1, -(-2 * length // 3) :] = IGNORE
    made.targets[2, length // 3 : length // 2] = IGNORE
    return made


def only(length: int, *places: tuple[int, int], marks: Sequence[tuple[int, int]] = ()) -> SequenceBatch:
    """A batch with targets at these (row, step) alone."""
    made = batch(length, marks=marks)
    kept = torch.full_like(made.targets, IGNORE)
    for row, step in places:
        kept[row, step] = made.targets[row, step]
    return made._replace(targets=kept)


def loader(batches: Sequence[SequenceBatch]) -> DataLoader:
    return DataLoader(list(batches), batch_size=None)


def hand_weights(task: nn.Module) -> Weights:
    """The task's weights as the loop by hand names them: a learned initial state is the parameters it does not know."""
    return _named({name: p.detach().clone() for name, p in task.named_parameters()}, task)


def _named(values: dict[str, Tensor], task: nn.Module) -> Weights:
    own = ("embedding.", "head.", "architecture.cells.")
    learned = [name for name, _ in task.named_parameters() if not name.startswith(own)]
    shape = (len(task.architecture.cells), task.architecture.hidden_size)
    parts = {f"initial.{k}": values[name].reshape(shape) for k, name in enumerate(learned) if name in values}
    return {name: value for name, value in values.items() if name.startswith(own)} | parts


def ran(
    cls: type[SequenceTask],
    cell: str,
    batches: Sequence[SequenceBatch],
    *,
    layers: int = 1,
    lr: float = 0.0,
    **given: Any,
) -> tuple[Run, Weights]:
    """One epoch of `cls` in float64 under SGD, and the weights it started from."""
    kept = {key: given.pop(key) for key in ("callbacks", "trainer", "seed", "validation") if key in given}
    kept["trainer"] = {"max_epochs": 1, **kept.get("trainer", {})}
    task = make(cls, architecture=architecture(cell, layers), optimizer=sgd(lr), **given).double()
    begin = hand_weights(task)
    return fit(task, loader(batches), **kept), begin


def agree(run: Run, expected: tuple[list[Step], Weights], tolerance: float = 1e-12) -> None:
    """As many optimizer steps as by hand, each with its loss and gradient, and the same weights at the end."""
    steps, final = expected
    assert len(run.gradients) == len(run.losses) == len(steps) == run.task.optimizer_steps
    for number, (loss, values, step) in enumerate(zip(run.losses, run.gradients, steps, strict=True)):
        torch.testing.assert_close(loss, step.loss, rtol=tolerance, atol=0, msg=f"loss of step {number}")
        actual = _named(values, run.task)
        absent = {name: torch.zeros_like(value) for name, value in step.gradients.items() if name not in actual}
        assert_close(actual | absent, step.gradients, tolerance)
    assert_close(_named(run.weights, run.task), final, tolerance)
