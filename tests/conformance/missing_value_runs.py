"""Small runs on numbers some of which are missing, and a task that is told which.  B batch, T time, O values.

Inputs (B, T, 3 O + 1): values, marks (1 observed, 0 filled in), time steps since the last observation, and one number
more.  Where a value is missing, so is the target of the step before.
"""

from typing import Any

import torch
from torch import Tensor, nn

from conformance.forecast_runs import Pieces, Reader
from conformance.training import FIT, Run, fit
from unrolled import compose
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.losses import squared_error
from unrolled.tasks.autoregressive import Autoregressive
from unrolled.tasks.base import SequenceTask

O, T = 2, 8  # noqa: E741
NAN = float("nan")


class Marked(Autoregressive):
    """Expects the next values."""

    metric = "mse"

    def __init__(self, *, channels: dict[str, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels
        self.architecture = self.build(kwargs["architecture"], sum(channels.values()))
        self.head = nn.Linear(self.architecture.output_size, channels["values"])

    def features(self, inputs: Tensor) -> Tensor:
        return inputs

    def criterion(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return squared_error(outputs, targets)

    def expected(self, hidden: Tensor) -> Tensor:
        mean: Tensor = self.head(hidden)
        return mean

    def choose(self, hidden: Tensor, *_: Any, temperature: float = 0.0, **__: Any) -> Tensor:
        mean = self.expected(hidden)
        return mean + temperature * torch.randn_like(mean) if temperature else mean

    def no_output(self, batch_size: int) -> Tensor:
        return torch.full((batch_size, self.head.out_features), NAN, dtype=self.head.weight.dtype)

    def replace_inputs(self, inputs: Tensor, own: Tensor) -> Tensor:
        there = torch.cat([own, torch.ones_like(own), torch.zeros_like(own)], -1)
        return torch.cat([there, inputs[..., there.shape[-1] :]], -1)


CHANNELS = {"values": O, "marks": O, "since": O, "known": 1}
MARKED = {
    "channels": CHANNELS,
    "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 6}},
    "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.02}},
}


def pieces(share: float = 0.4, length: int = T) -> list[SequenceBatch]:
    """Batches of rows that each start anew; `share` of the values are missing, and filled with a 9 that no wave has."""
    made = []
    for number, rows in enumerate((3, 3, 3, 2)):
        draw = torch.Generator().manual_seed(number)
        time = torch.arange(length + 1)[:, None]
        wave = torch.sin(time + 6 * torch.rand(rows, 1, O, generator=draw))
        missing = torch.rand(wave.shape, generator=draw) < share
        since = torch.zeros_like(wave)
        for t in range(length + 1):
            since[:, t] = missing[:, t] * ((since[:, t - 1] if t else 0) + 1)
        values = [
            wave.masked_fill(missing, 9.0),
            1.0 - missing.float(),
            since,
            torch.rand(wave[..., :1].shape, generator=draw),
        ]
        inputs, targets = torch.cat(values, -1)[:, :-1], wave.masked_fill(missing, NAN)[:, 1:]
        made.append(SequenceBatch(inputs, targets, (torch.arange(length) == 0).repeat(rows, 1)))
    return made


def marked(*strategies: type[SequenceTask], seed: int = 0, **given: Any) -> SequenceTask:
    torch.manual_seed(seed)
    return compose(Marked, *strategies)(**MARKED | given)


def impute(
    *strategies: type[SequenceTask],
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
    share: float = 0.4,
    **given: Any,
) -> tuple[Run, Reader]:
    """Train on `pieces`; what `fit` does not take is an argument of the task."""
    task = marked(*strategies, seed=seed, **{k: v for k, v in given.items() if k not in FIT}).to(dtype)
    torch.manual_seed(1)
    loader, reader = Pieces(pieces(share), dtype), Reader(task)
    return fit(task, loader, seed=seed, **{k: v for k, v in given.items() if k in FIT}), reader
