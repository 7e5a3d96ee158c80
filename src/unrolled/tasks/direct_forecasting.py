"""Forecast a whole horizon at once.  B batch, C time steps of the context, H horizon, S patches, O targets."""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.batch import counted
from unrolled.functional.channels import Channels
from unrolled.functional.folds import fold
from unrolled.functional.outputs import LEVELS, make_output
from unrolled.tasks.evaluated import EvaluatedTask
from unrolled.tasks.forecast_judge import ForecastJudge
from unrolled.tasks.series_reader import SeriesReader, check_marks


class DirectForecasting(EvaluatedTask):
    """x_{t+1} ... x_{t+H} = W [h_t, what is known in advance of these steps] + b, or a distribution of each of them.

    Reads the context alone, and learns the steps of the horizon alone: nothing is fed back.  With patches the network
    takes C / patch steps, each of `patch` numbers (Nie, Nguyen, Sinthong & Kalagnanam 2023, "A time series is worth 64
    words"; for recurrent networks Lin et al. 2023, "SegRNN").

        mse, mae            over the horizon, on the scale of the training part
        rmse, mase, smape   in their usual units (`functional.forecast_scores`)
        weighted_quantile_loss, coverage_80    of a distribution

    Args:
        horizon: time steps H that are forecast; the data says it.
        context: time steps C that are read before; the data says it.
        channels: how many channels of each kind a step has; the data says it.  null: the number itself alone.
        patch: time steps that are read at once; the context is a whole number of patches.
        output: point; gaussian; student_t, with heavy tails; or quantiles.
        loss: of a point: squared or absolute error.
        levels: of quantiles: their probabilities; null: 0.1 to 0.9.
        series_embedding_size: features that are learnt of each series; 0: all are read alike.

    Raises:
        InputError: a horizon, a context or a patch below 1, a context that is no whole number of patches, another
            output, arguments of another output, an embedding without several series, a bidirectional architecture;
            windows of another length than context + horizon - 1.
    """

    metric = chosen_by = "mse"

    def __init__(
        self,
        *,
        horizon: int,
        context: int,
        channels: dict[str, int] | None = None,
        architecture: dict[str, Any],
        patch: int = 1,
        output: Literal["point", "gaussian", "student_t", "quantiles"] = "point",
        loss: Literal["squared", "absolute"] = "squared",
        levels: list[float] | None = None,
        series_embedding_size: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(architecture=architecture, **kwargs)
        if min(horizon, context, patch) < 1 or context % patch:
            wanted = "a horizon, a context and a patch of at least 1 step, the context a whole number of patches"
            got = f"{horizon}, {context} and {patch}; change data.init_args.context, or the task's patch"
            raise InputError(f"task: expected {wanted}, got {got}")
        self.horizon, self.context, self.patch = horizon, context, patch
        self.layout = Channels(**(channels or {}))
        self.channels = self.layout._asdict()
        self.output = make_output(output, loss, levels)
        self.reader = SeriesReader(self.layout, series_embedding_size)
        self.architecture = self.build(architecture, patch * self.reader.output_size)
        check_marks(self.architecture, self.layout, patch)
        told = horizon * self.layout.values * self.output.width
        self.head = nn.Linear(self.architecture.output_size + horizon * self.layout.known, told)
        both = ("val", "test") if self.output.distribution else ()
        self.judge = ForecastJudge(horizon, free=False, intervals=both)
        self.ahead = torch.empty(0, 0)  # (B, H K): what is known in advance, of the batch that is read

    # ------------------------------------------------------------------------------------------------ how it reads

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Windows (B, C + H - 1, ...) as the patches of their context, with one target."""
        if (length := batch.inputs.shape[1]) != (wanted := self.context + self.horizon - 1):
            shape = f"windows of context + horizon - 1 = {wanted} steps"
            raise InputError(f"DirectForecasting: expected {shape}, got {length}; it reads no streams")
        return fold(batch, self.context, self.patch, self.layout)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        self.ahead = batch.ahead
        super().on_train_batch_start(batch, batch_idx)

    def embed(self, inputs: Tensor) -> Tensor:
        read: Tensor = self.reader(self._steps(inputs)).flatten(-2)
        return read

    def measure(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if not self.training:
            self.told = self._split(self.tell(hidden[:, -1], self.ahead).detach())  # for `evaluate`
        asked = counted(targets)
        ahead = self.ahead[:, None].expand(-1, hidden.shape[1], -1)
        return self.output.loss(self.tell(hidden[asked], ahead[asked]), targets[asked])

    def tell(self, hidden: Tensor, ahead: Tensor) -> Tensor:
        """The head's numbers of outputs (N, H) and of what is known in advance (N, H K)."""
        raw: Tensor = self.head(torch.cat([hidden, ahead], -1))
        return raw

    # ------------------------------------------------------------------------------------------- how it is evaluated

    def evaluate(self, stage: str, batch: Any) -> None:
        self.ahead = batch.ahead
        super().evaluate(stage, batch)
        context = self._steps(batch.inputs).flatten(1, 2)[..., : self.layout.values]
        truth = batch.targets[:, -1].unflatten(-1, (self.horizon, -1))
        self.judge.update(stage, context, self.told, truth, batch.rows)

    @torch.no_grad()
    def forecast(self, batch: Any, draws: torch.Generator | None = None) -> tuple[Tensor, Tensor | None]:
        """Of a batch of windows (B, T, ...), T = C + H - 1: what is expected (B, H, O), and the quantiles (..., Q).

        There are no quantiles where the output is no distribution; nothing is drawn.
        """
        training = self.training
        self.eval()
        found = self.on_after_batch_transfer(batch, 0)
        hidden, _ = self.unroll(found.inputs, self.initial_state(len(found.inputs)))
        told = self._split(self.tell(hidden[:, -1], found.ahead))
        self.train(training)
        return told

    def _steps(self, inputs: Tensor) -> Tensor:
        """(B, S, patch, F) of the patches (B, S, patch F)."""
        return inputs.unflatten(-1, (self.patch, -1))

    def _split(self, raw: Tensor) -> tuple[Tensor, Tensor | None]:
        shape = (self.horizon, self.layout.values)
        expected = self.output.expected(raw).unflatten(1, shape)
        if not self.output.distribution:
            return expected, None
        return expected, self.output.quantiles(raw, LEVELS).unflatten(1, shape)

    def conclude(self, stage: str) -> dict[str, Tensor]:
        return super().conclude(stage) | self.judge.conclude(stage)

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """The loss has no second name: it may be another one than what stands beside baselines."""
        return means

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """Errors by step of the horizon, of baselines too, and an example (`ForecastJudge.findings`)."""
        return self.judge.findings(data, split)
