"""What both tasks around series have in common.  B batch, T time steps, C of the context, H of the horizon."""

from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from unrolled.architectures import GRUD
from unrolled.errors import InputError
from unrolled.functional.forecasting.channels import Channels
from unrolled.functional.forecasting.distributions import make_output
from unrolled.tasks.forecasting.evaluation import ForecastJudge

SPREAD = 0.1  # of embeddings at the start: series are alike until they are told apart


class SeriesReader(nn.Module):
    """All channels as they are, but for a series' index: an embedding (E) of it stands in its place, at the end.

    Args:
        channels: what stands at a step.
        embedding_size: E; 0: the index is not read.

    Raises:
        InputError: a negative size, or an embedding where there are no several series.
    """

    def __init__(self, channels: Channels, embedding_size: int) -> None:
        super().__init__()
        if embedding_size < 0 or (embedding_size and not channels.series):
            series = f"{channels.series} series" if channels.series else "data that number no series"
            wanted = "expected a series_embedding_size of 0 or more, above 0 only for data of several series"
            raise InputError(f"task: {wanted}, got {embedding_size} for {series}")
        self.place = channels.at("series").start if channels.series else None
        self.output_size = (channels.width if self.place is None else self.place) + embedding_size
        self.embedding = nn.Embedding(channels.series, embedding_size) if embedding_size else None
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=SPREAD)

    def forward(self, inputs: Tensor) -> Tensor:
        """Features (..., F) of inputs (..., C).

        Raises:
            InputError: an index that is to be embedded, among more series than the inputs' type can number.
        """
        if self.place is None:
            return inputs
        numbers, index = inputs[..., : self.place], inputs[..., self.place]
        if self.embedding is None:
            return numbers
        check_numbers(self.embedding.num_embeddings, inputs.dtype)
        return torch.cat([numbers, self.embedding(index.long())], -1)


def check_numbers(series: int, dtype: torch.dtype) -> None:
    """Refuse more series than a type has whole numbers without a gap: with half precision one would pass for another.

    Raises:
        InputError: how many it can tell apart.
    """
    if series - 1 > (last := round(2 / torch.finfo(dtype).eps)):
        told = f"expected one that numbers {series:,} series, got {dtype}, which tells {last + 1:,} of them apart"
        raise InputError(f"trainer.precision: {told}; use bf16-mixed, or series_embedding_size: 0")


def check_marks(cell: object, layout: Channels, patch: int = 1) -> None:
    """Refuse a cell that reads `values`, their marks and their times since (GRU-D) where those do not stand so.

    Raises:
        InputError: another number of values, no marks or no times since, or steps that are read in patches.
    """
    if not isinstance(cell, GRUD):
        return
    values = cell.values
    if not values == layout.values == layout.marks == layout.since or patch > 1:
        told = f"{layout.values}, {layout.marks} and {layout.since}" + (f" in patches of {patch}" if patch > 1 else "")
        raise InputError(
            f"architecture: {type(cell).__name__} reads {values} values, marks and times since of each step, but the "
            f"data hand over {told}; let their policy of missing numbers say marks: true and since: true"
        )


class Forecaster(pl.LightningModule):
    """What a forecaster reads, what its numbers mean, and how it is judged; it stands in front of a kind of task.

    A task builds its architecture on the `reader`, its head for the `output`, and its `judge`.

    Args:
        horizon: time steps H that are forecast; the data says it.
        context: time steps C that are read before; the data says it.
        channels: how many channels of each kind a step has; the data says it.  null: the number itself alone.
        output: point; gaussian; student_t, with heavy tails; or quantiles.
        loss: of a point: squared or absolute error.
        levels: of quantiles: their probabilities; null: 0.1 to 0.9.
        series_embedding_size: features that are learnt of each series; 0: all are read alike.

    Raises:
        InputError: a horizon or a context below 1, another output, arguments of another output, an embedding without
            several series.
    """

    judge: ForecastJudge

    def __init__(
        self,
        *,
        horizon: int,
        context: int,
        channels: dict[str, int] | None = None,
        output: Literal["point", "gaussian", "student_t", "quantiles"] = "point",
        loss: Literal["squared", "absolute"] = "squared",
        levels: list[float] | None = None,
        series_embedding_size: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if horizon < 1 or context < 1:
            raise InputError(f"task: expected a horizon and a context of at least 1 step, got {horizon} and {context}")
        self.horizon, self.context = horizon, context
        self.layout = Channels(**(channels or {}))
        self.channels = self.layout._asdict()
        self.output = make_output(output, loss, levels)
        self.reader = SeriesReader(self.layout, series_embedding_size)

    def check_length(self, inputs: Tensor) -> None:
        """Refuse inputs (B, T, ...) that are no windows, T = C + H - 1."""
        if (length := inputs.shape[1]) != (wanted := self.context + self.horizon - 1):
            raise InputError(f"task: expected windows of context + horizon - 1 = {wanted} steps, got {length}")

    def conclude(self, stage: str) -> dict[str, Tensor]:
        measured: dict[str, Tensor] = super().conclude(stage)  # type: ignore[misc]  # of the task behind this class
        return measured | self.judge.conclude(stage)

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """The loss has no second name: what stands beside baselines is an error of the forecast."""
        return means

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """Errors by step of the horizon, of baselines too, and an example (`ForecastJudge.findings`)."""
        return self.judge.findings(data, split)
