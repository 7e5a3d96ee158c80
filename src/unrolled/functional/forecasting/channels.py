"""What stands at one time step of a series.  O targets, C channels."""

from typing import NamedTuple

import torch
from torch import Tensor


class Channels(NamedTuple):
    """How many channels of each kind an input (..., C) has, in this order."""

    values: int = 1  # the O numbers of this step; what is forecast is those of the next
    marks: int = 0  # O or 0: 1 where the value was observed, 0 where it was filled in
    since: int = 0  # O or 0: time steps since the last observed value, 0 where this one is
    known: int = 0  # what is known in advance: covariates of the step that is to be forecast
    past: int = 0  # covariates of this step that nobody knows in advance: 0 after the origin of a forecast
    static: int = 0  # covariates of the whole series
    series: int = 0  # how many series there are; one channel holds a series' index, none where this is 0

    @property
    def width(self) -> int:
        """C."""
        return self._end(len(self))

    def at(self, name: str) -> slice:
        """The channels of one kind."""
        place = self._fields.index(name)
        return slice(self._end(place), self._end(place + 1))

    def replace(self, inputs: Tensor, own: Tensor) -> Tensor:
        """`inputs` (..., C) with the model's own numbers `own` (..., O) in the place of the values; nan replaces none.

        An own number counts as observed now, and where there is one no covariate of the past is known any more.
        """
        missing = own.isnan()
        parts = {name: inputs[..., self.at(name)] for name in self._fields}
        parts["values"] = torch.where(missing, parts["values"], own)
        if self.marks:
            parts["marks"] = parts["marks"].where(missing, 1.0)
        if self.since:
            parts["since"] = parts["since"].where(missing, 0.0)
        parts["past"] = parts["past"].where(missing.all(-1, keepdim=True), 0.0)
        return torch.cat([part for part in parts.values() if part.shape[-1]], -1)

    def _end(self, places: int) -> int:
        return sum(self[:places][:6]) + (places == len(self) and self.series > 0)
