"""Small forecasting runs on pieces of noisy waves, and what a network reads.  B batch (rows), T time (steps)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from conformance.training import FIT, Run, fit
from unrolled import compose
from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.functional.batch import ForecastBatch
from unrolled.tasks import Forecasting
from unrolled.tasks.base import SequenceTask

C, H = 3, 6  # steps that are given, and that are forecast
T = C + H - 1
FORECASTING = {
    "horizon": H,
    "context": C,
    "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 6}},
    "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.02}},
}


def pieces(sizes: Sequence[int] = (3, 3, 3, 2), length: int = T, missing: bool = True) -> list[ForecastBatch]:
    """Batches of rows that each start anew; some targets are missing."""
    made = []
    for number, rows in enumerate(sizes):
        draw = torch.Generator().manual_seed(number)
        wave = torch.sin(torch.arange(length + 1) + 6 * torch.rand(rows, 1, generator=draw))
        wave = (wave + 0.1 * torch.randn(wave.shape, generator=draw))[..., None]
        targets = wave[:, 1:].clone()
        if missing:
            targets[0, number] = targets[-1, -1 - number] = float("nan")
        made.append(ForecastBatch(wave[:, :-1], targets, (torch.arange(length) == 0).repeat(rows, 1), unscaled(rows)))
    return made


def unscaled(rows: int) -> Tensor:
    """(B, 5): series 0, whose numbers are their own scale, and whose season is off by 1."""
    return torch.tensor([0.0, 0.0, 1.0, 1.0, 1.0]).repeat(rows, 1)


class Pieces(ResumableLoader):
    """These batches, as a task of this precision takes them."""

    length_depends_on = "batches"

    def __init__(self, batches: Sequence[ForecastBatch], dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.batches = [b._replace(inputs=b.inputs.to(dtype), targets=b.targets.to(dtype)) for b in batches]

    def __len__(self) -> int:
        return len(self.batches)

    def batch(self, index: int) -> ForecastBatch:
        return self.batches[index]


class Reader:
    """Of each call of the architecture in training: the features (B, T, F), apart with a gradient and without."""

    def __init__(self, task: SequenceTask) -> None:
        self.trained: list[Tensor] = []
        self.sought: list[Tensor] = []
        task.architecture.register_forward_pre_hook(self._hear)

    def _hear(self, module: nn.Module, arguments: tuple[Any, ...]) -> None:
        if module.training:
            (self.trained if torch.is_grad_enabled() else self.sought).append(arguments[0].detach().clone())


def forecasting(*strategies: type[SequenceTask], seed: int = 0, **given: Any) -> SequenceTask:
    torch.manual_seed(seed)
    return compose(Forecasting, *strategies)(**FORECASTING | given)


def forecast(
    *strategies: type[SequenceTask], dtype: torch.dtype = torch.float32, seed: int = 0, **given: Any
) -> tuple[Run, Reader]:
    """Train on `pieces`, or on the `loader` that is given; what `fit` does not take is an argument of the task."""
    task = forecasting(*strategies, seed=seed, **{k: v for k, v in given.items() if k not in FIT}).to(dtype)
    arguments = {k: v for k, v in given.items() if k in FIT}
    reader = Reader(task)
    return fit(task, seed=seed, **{"loader": Pieces(pieces(), dtype)} | arguments), reader
