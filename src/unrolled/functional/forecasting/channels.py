"""The input channels of a forecaster.  O targets, C channels."""

from typing import NamedTuple

import torch
from torch import Tensor


class Channels(NamedTuple):
    """The number of channels of each kind in an input (..., C), in this order."""

    values: int = 1  # the O values of this step; the targets are those of the next step
    marks: int = 0  # O or 0: 1 where the value was observed, 0 where it was imputed
    since: int = 0  # O or 0: time steps since the last observed value, 0 at observed values
    known: int = 0  # covariates of the next step, the target, known in advance
    past: int = 0  # covariates of this step; 0 after the forecast origin, where they are unknown
    static: int = 0  # covariates of the series
    series: int = 0  # the number of series; one channel holds the index of the series, none if this is 0

    @property
    def width(self) -> int:
        """C."""
        return self._end(len(self))

    def at(self, name: str) -> slice:
        """The channels of one kind."""
        place = self._fields.index(name)
        return slice(self._end(place), self._end(place + 1))

    def replace(self, inputs: Tensor, predictions: Tensor) -> Tensor:
        """`inputs` (..., C) with the values replaced by the model's `predictions` (..., O), except where these are nan.

        A replaced value is marked as observed.  At steps with a replaced value, past covariates are set to 0.
        """
        missing = predictions.isnan()
        parts = {name: inputs[..., self.at(name)] for name in self._fields}
        parts["values"] = torch.where(missing, parts["values"], predictions)
        if self.marks:
            parts["marks"] = parts["marks"].where(missing, 1.0)
        if self.since:
            parts["since"] = parts["since"].where(missing, 0.0)
        parts["past"] = parts["past"].where(missing.all(-1, keepdim=True), 0.0)
        return torch.cat([part for part in parts.values() if part.shape[-1]], -1)

    def _end(self, places: int) -> int:
        return sum(self[:places][:6]) + (places == len(self) and self.series > 0)
