"""Point forecasts."""

from collections.abc import Sequence

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.forecasting.distributions.base import Output
from unrolled.functional.losses import absolute_error, squared_error


class Point(Output):
    """One value for each target, without a distribution; the loss is the squared or the absolute error."""

    width = 1
    distribution = False

    def __init__(self, absolute: bool = False) -> None:
        self.measure = absolute_error if absolute else squared_error

    def loss(self, raw: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return self.measure(raw, targets)

    def expected(self, raw: Tensor) -> Tensor:
        return raw

    def draw(self, raw: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        wanted = "output gaussian, student_t or quantiles"
        raise InputError(f"Forecasting: a draw at temperature {temperature:g} needs {wanted}, got point")

    def quantiles(self, raw: Tensor, levels: Sequence[float]) -> Tensor:
        raise InputError("Forecasting: quantiles need output gaussian, student_t or quantiles, got point")
