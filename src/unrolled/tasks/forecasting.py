"""Forecast one series.  B batch, C time steps of the context, H hidden."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.losses import gaussian_nll, squared_error
from unrolled.functional.sampling import draw_normal
from unrolled.tasks.autoregressive import Autoregressive
from unrolled.tasks.forecast_errors import ForecastErrors

LEAST_DEVIATION = 1e-3  # of a Gaussian output, in standard deviations of the training part: its density stays bounded


class Forecasting(Autoregressive):
    """x_{t+1} = w h_t + b, or a Gaussian around it, learnt one step ahead and judged over a whole horizon.

    The loss reads the truth at each step: the mean squared error, or the negative log-likelihood in nats.  Validation
    and test measure it too, and then what a forecaster is used for: from the end of the context on, the model reads its
    own outputs (of a Gaussian, its mean).

        loss                teacher forced, over all steps of a window
        free_running_mse    over the horizon, reading its own outputs; free_running_mae likewise
        teacher_forced_mse  over the same steps, reading the truth
        exposure_gap        free_running_mse - teacher_forced_mse

    All on the scale of the data, which is that of its training part.  Gaussian output: Salinas, Flunkert & Gasthaus
    2017, "DeepAR: probabilistic forecasting with autoregressive recurrent networks", section 3.1.

    Args:
        horizon: time steps that are forecast; the data says it.
        context: time steps C that are read before; the data says it.
        output: point, or gaussian: a mean and a standard deviation.

    Raises:
        InputError: a horizon or context below 1, another output, a bidirectional architecture; in evaluation, windows
            of another length than context + horizon - 1.
    """

    metric = "free_running_mse"

    def __init__(
        self,
        *,
        horizon: int,
        context: int,
        architecture: dict[str, Any],
        output: Literal["point", "gaussian"] = "point",
        **kwargs: Any,
    ) -> None:
        super().__init__(architecture=architecture, **kwargs)
        if horizon < 1 or context < 1:
            raise InputError(f"task: expected a horizon and a context of at least 1 step, got {horizon} and {context}")
        if output not in ("point", "gaussian"):
            raise InputError(f"task: expected an output of point or gaussian, got {output}")
        self.horizon, self.context, self.gaussian = horizon, context, output == "gaussian"
        self.prefix = context
        self.architecture = self.build(architecture, 1)
        self.head = nn.Linear(self.architecture.output_size, 2 if self.gaussian else 1)
        self.errors = nn.ModuleDict({stage: ForecastErrors(horizon) for stage in ("val", "test")})
        self.by_horizon: dict[str, Tensor] = {}  # (horizon,) by name, of the last evaluation

    def features(self, inputs: Tensor) -> Tensor:
        return inputs

    def measure(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if not self.training:
            self.forced = self.expected(hidden[:, -self.horizon :]).detach()  # for `evaluate`, at no second reading
        if not self.gaussian:
            return squared_error(self.head(hidden), targets)
        return gaussian_nll(*self.distribution(hidden), targets)

    def distribution(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Means and standard deviations (..., 1) of the next number behind `hidden` (..., H); of a Gaussian output."""
        mean, spread = self.head(hidden).chunk(2, -1)
        return mean, F.softplus(spread) + LEAST_DEVIATION

    def choose(
        self,
        hidden: Tensor,
        temperature: float = 0.0,
        top_k: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        if top_k is not None:
            raise InputError(f"Forecasting: expected no top_k, got {top_k}; numbers have no likeliest few")
        if temperature == 0:
            return self.expected(hidden)
        if not self.gaussian:
            raise InputError(f"Forecasting: a draw at temperature {temperature:g} needs output gaussian, got point")
        return draw_normal(*self.distribution(hidden), temperature, generator)

    def expected(self, hidden: Tensor) -> Tensor:
        mean: Tensor = self.head(hidden)[..., :1]
        return mean

    def nothing(self, batch_size: int) -> Tensor:
        weight = self.head.weight
        return torch.full((batch_size, 1), float("nan"), dtype=weight.dtype, device=weight.device)

    def evaluate(self, stage: str, batch: SequenceBatch) -> None:
        if (length := batch.inputs.shape[1]) != (wanted := self.context + self.horizon - 1):
            raise InputError(f"Forecasting: expected windows of context + horizon - 1 = {wanted} steps, got {length}")
        super().evaluate(stage, batch)
        free = self.run_free(batch.inputs[:, : self.context], self.horizon)
        self._errors(stage).update(free, self.forced, batch.targets[:, -self.horizon :])

    def conclude(self, stage: str) -> dict[str, Tensor]:
        means, self.by_horizon = self._errors(stage).compute()
        self._errors(stage).reset()
        means["exposure_gap"] = means["free_running_mse"] - means["teacher_forced_mse"]
        return super().conclude(stage) | {f"{stage}/{name}": value for name, value in means.items()}

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """The loss has no second name: what stands beside baselines is the free-running error."""
        return means

    def baselines(self, data: Any, split: str) -> dict[str, Any]:
        """What repeating the last value, or the last season, reaches from the same origins."""
        return {"baseline_metric": self.metric, "baselines": data.baselines(split)}

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """`by_horizon`: for each step ahead, from 1, its errors by name."""
        steps = {name: values.tolist() for name, values in self.by_horizon.items()}
        return {"by_horizon": [{"step": h + 1} | {n: v[h] for n, v in steps.items()} for h in range(self.horizon)]}

    def _errors(self, stage: str) -> ForecastErrors:
        metric = self.errors[stage]
        assert isinstance(metric, ForecastErrors)
        return metric
