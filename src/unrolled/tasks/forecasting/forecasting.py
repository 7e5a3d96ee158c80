"""Recursive forecasting: one step after the other.  B batch, C time steps of the context, H horizon, O targets."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.forecasting.distributions import LEVELS
from unrolled.functional.generators import generator
from unrolled.tasks.autoregressive import Autoregressive
from unrolled.tasks.evaluated import carries, sequences_span_batches
from unrolled.tasks.forecasting.evaluation import ForecastMetrics
from unrolled.tasks.forecasting.forecaster import Forecaster, check_marks

ROWS = 8192  # paths that are drawn at once, over all rows


def path_quantiles(
    task: Autoregressive,
    context: Tensor,
    ahead: Tensor,
    paths: int,
    levels: Sequence[float],
    generator: torch.Generator,
) -> Tensor:
    """(B, H, O, Q): quantiles at `levels` of `paths` sampled runs of each row, each reading its samples.

    Source: Salinas, Flunkert & Gasthaus 2017, "DeepAR", section 3.2 (ancestral sampling).

    Args:
        task: a task whose outputs are a distribution of numbers.
        context: inputs (B, C, ...) that are read first.
        ahead: inputs (B, H - 1, ...) of the steps after them, of which only known future inputs are read.
        paths: number of sampled runs.
        levels: Q probabilities.
        generator: random generator on the CPU.
    """
    found, rows = [], max(1, ROWS // paths)
    for given, known in zip(context.split(rows), ahead.split(rows), strict=True):
        drawn = task.run_free(given, ahead.shape[1] + 1, known, paths, temperature=1.0, generator=generator)
        wide = drawn.to(torch.promote_types(drawn.dtype, torch.float32)).unflatten(0, (-1, paths))
        found.append(wide.quantile(wide.new_tensor([*levels]), dim=1).movedim(0, -1))
    return torch.cat(found)


CARRIED = (
    "strategies: expected the strategy CarriedState, since a piece of a stream continues that of the batch before; "
    "add it, or set data.init_args.sampling: windows"
)


class Forecasting(Forecaster, Autoregressive):
    """x_{t+1} = W h_t + b, or a distribution of it, trained one step ahead and evaluated over the full horizon.

    The loss reads the truth at each step.  Validation and test report it, and the free run: after the context the model
    reads its outputs (of a distribution, its mean), never a later number.

        loss                teacher forced, over all steps of a window, on the scale of the data
        free_running_mse    over the horizon, on the scale of the training part; free_running_mae likewise
        teacher_forced_mse  over the same steps, reading the truth
        exposure_gap        free_running_mse - teacher_forced_mse
        rmse, mase, smape   of the free run (`functional.forecast_scores`)
        weighted_quantile_loss, coverage_80    in the test, of a distribution: from sampled paths

    Args:
        paths: number of sampled futures of each origin, in the test.

    Raises:
        InputError: paths below 1, a bidirectional architecture; in evaluation, windows of another length than
            context + horizon - 1.
    """

    metric = chosen_by = "free_running_mse"

    def __init__(self, *, architecture: dict[str, Any], paths: int = 100, **kwargs: Any) -> None:
        super().__init__(architecture=architecture, **kwargs)
        if paths < 1:
            raise InputError(f"task: expected paths of at least 1, got {paths}")
        self.paths, self.prefix = paths, self.context
        self.architecture = self.build(architecture, self.reader.output_size)
        check_marks(self.architecture, self.layout)
        self.head = nn.Linear(self.architecture.output_size, self.output.width * self.layout.values)
        self.judge = ForecastMetrics(self.horizon, free=True, intervals=("test",) if self.output.distribution else ())

    def features(self, inputs: Tensor) -> Tensor:
        read: Tensor = self.reader(inputs)
        return read

    def criterion(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return self.output.loss(outputs, targets)

    def choose(
        self,
        hidden: Tensor,
        temperature: float = 0.0,
        top_k: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        if top_k is not None:
            raise InputError(
                f"Forecasting: expected no top_k, got {top_k}; top_k applies to tokens, not to numeric outputs"
            )
        if temperature == 0:
            return self.expected(hidden)
        return self.output.draw(self.head(hidden), temperature, generator)

    def expected(self, hidden: Tensor) -> Tensor:
        return self.output.expected(self.head(hidden))

    def no_output(self, batch_size: int) -> Tensor:
        weight = self.head.weight
        return torch.full((batch_size, self.layout.values), float("nan"), dtype=weight.dtype, device=weight.device)

    def replace_inputs(self, inputs: Tensor, output: Tensor) -> Tensor:
        return self.layout.replace(inputs, output)

    def on_train_start(self) -> None:
        super().on_train_start()
        if sequences_span_batches(self) and not carries(self):
            raise InputError(CARRIED)

    def score(self, stage: str, outputs: Tensor, targets: Tensor, batch: Any) -> None:
        number = self.judge.metric(stage).update_count * self.trainer.world_size + self.global_rank  # of the batch
        draws = generator(self.seed, "paths", number) if stage == "test" else None
        forced = self.output.expected(outputs[:, -self.horizon :])
        self.judge.update(stage, self.forecast(batch, draws), targets[:, -self.horizon :], batch.rows, forced)

    def forecast(self, batch: Any, draws: torch.Generator | None = None) -> tuple[Tensor, Tensor | None]:
        """The expected values (B, H, O) of a batch of windows, T = C + H - 1, and with `draws` the quantiles (..., Q).

        There are no quantiles where the output is no distribution.

        Raises:
            InputError: windows of another length.
        """
        self.check_length(batch.inputs)
        context, ahead = batch.inputs[:, : self.context], batch.inputs[:, self.context :]
        free = self.run_free(context, self.horizon, ahead)
        if draws is None or not self.output.distribution:
            return free, None
        return free, path_quantiles(self, context, ahead, self.paths, LEVELS, draws)
