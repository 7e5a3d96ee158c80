"""Direct (one-shot) forecasting.  B batch, C time steps of the context, H horizon, S patches, O targets."""

from typing import Any

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.batch import has_target
from unrolled.functional.forecasting.distributions import LEVELS
from unrolled.functional.forecasting.patches import fold
from unrolled.tasks.data_contract import streams_series
from unrolled.tasks.evaluated import EvaluatedTask
from unrolled.tasks.forecasting.evaluation import ForecastMetrics
from unrolled.tasks.forecasting.forecaster import Forecaster, check_marks

STREAM = (
    "data.init_args.sampling: expected windows, since DirectForecasting reads a full context at once, got stream; use "
    "windows, or the task Forecasting"
)


class DirectForecasting(Forecaster, EvaluatedTask):
    """x_{t+1} ... x_{t+H} = W [h_t, known future inputs] + b, or a distribution of each of them.

    Reads the context and predicts the horizon, without feedback.  With patches the network
    takes C / patch steps, each of `patch` numbers (Nie, Nguyen, Sinthong & Kalagnanam 2023, "A time series is worth 64
    words"; for recurrent networks Lin et al. 2023, "SegRNN").

        mse, mae            over the horizon, on the scale of the training part
        rmse, mase, smape   in their usual units (`functional.forecast_scores`)
        weighted_quantile_loss, coverage_80    of a distribution

    Args:
        patch: time steps that are read at once; the context must be a multiple of it.

    Raises:
        InputError: a patch below 1, a context that is no multiple of it, a bidirectional architecture; a
            stream; windows of another length than context + horizon - 1.
    """

    metric = chosen_by = "mse"

    def __init__(self, *, architecture: dict[str, Any], patch: int = 1, **kwargs: Any) -> None:
        super().__init__(architecture=architecture, **kwargs)
        if patch < 1 or self.context % patch:
            wanted = f"of at least 1 step, the context a whole number of patches, got {patch} for {self.context} steps"
            raise InputError(f"task: expected a patch {wanted}; change it, or data.init_args.context")
        self.patch = patch
        self.architecture = self.build(architecture, patch * self.reader.output_size)
        check_marks(self.architecture, self.layout, patch)
        numbers = self.horizon * self.layout.values * self.output.width
        self.head = nn.Linear(self.architecture.output_size + self.horizon * self.layout.known, numbers)
        both = ("val", "test") if self.output.distribution else ()
        self.judge = ForecastMetrics(self.horizon, free=False, intervals=both)
        self.ahead = torch.empty(0, 0)  # (B, H K): known future inputs of the current batch

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Windows (B, C + H - 1, ...) as the patches of their context, with one target."""
        self.check_length(batch.inputs)
        return fold(batch, self.context, self.patch, self.layout)

    def on_train_start(self) -> None:
        super().on_train_start()
        if streams_series(self):  # a piece may be as long as a window
            raise InputError(STREAM)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        self.ahead = batch.ahead
        super().on_train_batch_start(batch, batch_idx)

    def embed(self, inputs: Tensor) -> Tensor:
        read: Tensor = self.reader(inputs.unflatten(-1, (self.patch, -1))).flatten(-2)
        return read

    def readout(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Head outputs and targets (N, ...) at the N steps that have a target: the last step of each window."""
        asked = has_target(targets)
        ahead = self.ahead[:, None].expand(-1, hidden.shape[1], -1)
        return self.head_outputs(hidden[asked], ahead[asked]), targets[asked]

    def criterion(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return self.output.loss(outputs, targets)

    def head_outputs(self, hidden: Tensor, ahead: Tensor) -> Tensor:
        """The head's outputs for hidden outputs (N, H) and known future inputs (N, H K)."""
        raw: Tensor = self.head(torch.cat([hidden, ahead], -1))
        return raw

    def evaluate(self, stage: str, batch: Any) -> None:
        self.ahead = batch.ahead
        super().evaluate(stage, batch)

    def score(self, stage: str, outputs: Tensor, targets: Tensor, batch: Any) -> None:
        if len(targets):  # a window without a target has no output here
            truth = targets.unflatten(-1, (self.horizon, -1))
            self.judge.update(stage, self._split(outputs), truth, batch.rows[has_target(batch.targets).any(1)])

    @torch.no_grad()
    def forecast(self, batch: Any, draws: torch.Generator | None = None) -> tuple[Tensor, Tensor | None]:
        """The expected values (B, H, O) and quantiles (..., Q) of a batch of windows (B, T, ...), T = C + H - 1.

        There are no quantiles where the output is no distribution; nothing is drawn.
        """
        training = self.training
        self.eval()
        found = self.on_after_batch_transfer(batch, 0)
        hidden, _ = self.unroll(found.inputs, self.initial_state(len(found.inputs)))
        forecast = self._split(self.head_outputs(hidden[:, -1], found.ahead))
        self.train(training)
        return forecast

    def _split(self, raw: Tensor) -> tuple[Tensor, Tensor | None]:
        shape = (self.horizon, self.layout.values)
        expected = self.output.expected(raw).unflatten(1, shape)
        if not self.output.distribution:
            return expected, None
        return expected, self.output.quantiles(raw, LEVELS).unflatten(1, shape)
