"""What is reached on series without a network.  H time steps of the horizon, D of them that a linear map reads."""

from typing import Any

from torch import Tensor

from unrolled.data.forecasting.baselines import Forecast, fit_linear, forecast_errors, linear, origins
from unrolled.data.forecasting.series_batches import SeriesBatches
from unrolled.data.splits import Split
from unrolled.functional.forecasting.baselines import last_season, last_value


class SeriesBaselines(SeriesBatches):
    """Forecasts without a network, from the origins of validation and test."""

    linear_maps: list[Tensor] | None = None  # (H, D) of each target, once they were asked for

    def baseline_forecasts(self) -> dict[str, Forecast]:
        """The last value, the last season, and a linear map, by name."""
        train, valid, horizon, period = self.places["train"], self.places["valid"], self.horizon, self.period
        maps = self.linear_maps = self.linear_maps or fit_linear(self.maker, train, valid, self.context)
        return {
            "naive": lambda one: last_value(one.context, horizon),
            "seasonal naive": lambda one: last_season(one.context, horizon, period),
            "linear": lambda one: linear(one.context, maps),
        }

    def baseline_errors(self, split: Split) -> dict[str, dict[str, Any]]:
        """Errors of the forecasts without a network from the same origins, by their name and that of the measure."""
        return forecast_errors(origins(self.maker, self.places[split], self.context), self.baseline_forecasts())

    def baselines(self, split: Split) -> dict[str, float]:
        """Their mean squared errors in standard deviations, squared, of each series' training part."""
        return {name: errors["mse"] for name, errors in self.baseline_errors(split).items()}
