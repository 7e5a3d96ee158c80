"""What both tasks around series have in common.  B batch, T time steps, C of the context, H of the horizon."""

from typing import Any, Literal

import pytorch_lightning as pl
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.forecasting.channels import Channels
from unrolled.functional.forecasting.distributions import make_output
from unrolled.tasks.forecasting.evaluation import ForecastJudge
from unrolled.tasks.forecasting.series_reader import SeriesReader


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
