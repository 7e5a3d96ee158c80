"""The base of both forecasting tasks.  B batch, T time steps, C of the context, H of the horizon."""

from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.forecasting.channels import Channels
from unrolled.functional.forecasting.distributions import make_output
from unrolled.tasks.data_contract import ReadsMarks
from unrolled.tasks.forecasting.evaluation import ForecastMetrics

SPREAD = 0.1  # standard deviation of the first embeddings: series start nearly alike


class SeriesReader(nn.Module):
    """The channels of each step, with the index of the series, the last one, replaced by its embedding (E).

    Args:
        channels: the layout of a step.
        embedding_size: E; 0: the index is dropped.

    Raises:
        InputError: a negative size, or an embedding for data of a single series.
    """

    def __init__(self, channels: Channels, embedding_size: int) -> None:
        super().__init__()
        if embedding_size < 0 or (embedding_size and not channels.series):
            series = f"{channels.series} series" if channels.series else "data without a series index"
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
            InputError: an embedding of more series than the inputs' type can number.
        """
        if self.place is None:
            return inputs
        numbers, index = inputs[..., : self.place], inputs[..., self.place]
        if self.embedding is None:
            return numbers
        check_numbers(self.embedding.num_embeddings, inputs.dtype)
        return torch.cat([numbers, self.embedding(index.long())], -1)


def check_numbers(series: int, dtype: torch.dtype) -> None:
    """Refuse more series than a floating type can number exactly: in half precision two indices would be equal.

    Raises:
        InputError: more series than that.
    """
    if series - 1 > (last := round(2 / torch.finfo(dtype).eps)):
        limit = f"expected a type that numbers {series:,} series, got {dtype}, which numbers {last + 1:,}"
        raise InputError(f"trainer.precision: {limit}; use bf16-mixed, or series_embedding_size: 0")


def check_marks(cell: object, layout: Channels, patch: int = 1) -> None:
    """Refuse a GRU-D where the inputs lack the values, marks and times since the last observation that it reads.

    Raises:
        InputError: another number of values, no marks or no times since, or steps that are read in patches.
    """
    if not isinstance(cell, ReadsMarks):
        return
    values = cell.values
    if not values == layout.values == layout.marks == layout.since or patch > 1:
        given = f"{layout.values}, {layout.marks} and {layout.since}" + (f" in patches of {patch}" if patch > 1 else "")
        raise InputError(
            f"architecture: {type(cell).__name__} reads {values} values, marks and times since of each step, got "
            f"{given}; set marks: true and since: true in the data's policy for missing values"
        )


class Forecaster(pl.LightningModule):
    """Inputs, output distribution and metrics of a forecaster; a mixin for an `EvaluatedTask`.

    A task builds its architecture on the `reader`, its head for the `output`, and its `judge`.

    Args:
        horizon: time steps H that are forecast; set by the data.
        context: time steps C that are read before; set by the data.
        channels: number of channels of each kind at a step; set by the data.  null: the value alone.
        output: point; gaussian; student_t, with heavy tails; or quantiles.
        loss: of a point: squared or absolute error.
        levels: of quantiles: their probabilities; null: 0.1 to 0.9.
        series_embedding_size: size of a learnt embedding of each series; 0: none.

    Raises:
        InputError: a horizon or a context below 1, another output, arguments of another output, an embedding without
            several series.
    """

    judge: ForecastMetrics

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
        """Refuse inputs (B, T, ...) of another length than a window, T = C + H - 1."""
        if (length := inputs.shape[1]) != (wanted := self.context + self.horizon - 1):
            raise InputError(f"task: expected windows of context + horizon - 1 = {wanted} steps, got {length}")

    def conclude(self, stage: str) -> dict[str, Tensor]:
        measured: dict[str, Tensor] = super().conclude(stage)  # type: ignore[misc]  # of the task class
        return measured | self.judge.conclude(stage)

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """The loss has no second name: baselines are compared with an error of the forecast."""
        return means

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """Errors by step of the horizon, also of baselines, and an example (`ForecastMetrics.findings`)."""
        return self.judge.findings(data, split)
