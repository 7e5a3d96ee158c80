"""All series of a data set in one place, with what was fitted to their training parts.

M time steps of all N series together, one series after the other; O numbers of a step, K, P and S covariates.
"""

from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from unrolled.data.files.columns import Numbers
from unrolled.data.forecasting.scaling import CovariateScale, Fitted, observed
from unrolled.data.forecasting.series import Series, part
from unrolled.functional.forecasting.imputation import Before

COVARIATES = ("known", "past", "static")


class SeriesStore(NamedTuple):
    """In float64, so that a large level takes nothing from the digits of a small change."""

    first: Tensor  # (N,) where each series begins
    values: Tensor  # (M, O) raw; nan where missing
    last: Tensor  # (M, O) raw: the number that was observed last; in front of the first, the mean of the training part
    since: Tensor  # (M, O): time steps since then; in front of the first, since before the series
    known: Tensor  # (M, K) standardised
    past: Tensor  # (M, P) standardised; the last one where missing
    static: Tensor  # (N, S) standardised
    fitted: dict[str, Tensor]  # of `Fitted`, each (N, O) raw

    @classmethod
    def of(
        cls, series: list[Series], fitted: list[Fitted], scales: dict[str, CovariateScale], features: list[Numbers]
    ) -> Self:
        """Series with what was fitted to each, and to the covariates of all.

        Args:
            series: the series.
            fitted: of each.
            scales: of the covariates known, past and static.
            features: (N_i, F) of each, covariates that are known of any time.
        """
        seen = [observed(one.values, fit.mean) for one, fit in zip(series, fitted, strict=True)]
        known, past = ([scales[name].scaled(part(one, name)) for one in series] for name in ("known", "past"))
        static = [scales["static"].scaled(part(one, "static")[None]) for one in series]
        columns = [
            [one.values for one in series],
            [value for value, _ in seen],
            [steps for _, steps in seen],
            [np.hstack([one, more]) for one, more in zip(known, features, strict=True)],
            past,
        ]
        values, last, since, told, happened = (torch.from_numpy(np.concatenate(parts)) for parts in columns)
        return cls(
            first=torch.tensor([0, *np.cumsum([len(one.values) for one in series])[:-1].tolist()]),
            values=values,
            last=last,
            since=since,
            known=told,
            past=happened,
            static=torch.from_numpy(np.concatenate(static)),
            fitted={n: torch.from_numpy(np.stack([getattr(one, n) for one in fitted])) for n in Fitted._fields},
        )

    def before(self, places: Tensor, location: Tensor, scale: Tensor) -> Before:
        """What was known in front of windows at `places` (B, 2), number of the series and step, on their scale."""
        series, begin = places.T
        place = (self.first[series] + begin - 1).clamp(min=0)
        starts = (begin == 0)[:, None]
        value = torch.where(starts, self.fitted["mean"][series], self.last[place])
        gone = self.since[place].masked_fill(starts, 0)
        return Before((value - location) / scale, gone, gone < begin[:, None])

    def lagged(self, places: Tensor, length: int, lag: int) -> Tensor:
        """Raw numbers (B, length, O) of `lag` time steps before the step after each one of windows at `places`.

        The last observed one where one is missing, and the mean of the training part in front of the series.
        """
        series, begin = places.T
        back = begin[:, None] + torch.arange(1, length + 1) - lag
        found = self.last[self.first[series][:, None] + back.clamp(min=0)]
        return torch.where((back >= 0)[..., None], found, self.fitted["mean"][series][:, None])
