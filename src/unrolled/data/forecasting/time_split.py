"""Split each series in time: training, then validation, then test."""

from dataclasses import dataclass
from typing import NamedTuple

from unrolled.data.base import SPLITS, Split, at_least, check_fractions
from unrolled.data.forecasting.series import Series
from unrolled.errors import InputError


class SplitEnds(NamedTuple):
    """The time step after the last one of each split of one series.  Training starts at step 0."""

    train: int
    valid: int
    test: int

    def span(self, split: Split) -> tuple[int, int]:
        """(first step, step after the last) of a split."""
        index = SPLITS.index(split)
        return self[index - 1] if index else 0, self[index]


@dataclass(frozen=True)
class TimeSplit:
    """Splits by time step, the same rule for every series; by fractions unless `valid_steps` and `test_steps` are set.

    No target of one split is trained on or evaluated in another.  The context of a validation or test window may reach
    back into the split before, as in use.
    """

    valid_fraction: float
    test_fraction: float
    train_steps: int | None
    valid_steps: int | None
    test_steps: int | None

    def check(self) -> None:
        """Raise InputError for values that no series can satisfy."""
        steps = {"train_steps": self.train_steps, "valid_steps": self.valid_steps, "test_steps": self.test_steps}
        at_least(1, **steps)
        if (self.valid_steps is None) != (self.test_steps is None) or (self.train_steps and not self.test_steps):
            given = ", ".join(f"{name} {value}" for name, value in steps.items())
            raise InputError(f"data.init_args: expected valid_steps and test_steps together, got {given}; give both")
        check_fractions(self.valid_fraction, self.test_fraction, positive=True)

    def ends(self, length: int) -> SplitEnds:
        """The splits of a series of `length` time steps; not checked against that length."""
        if self.valid_steps is None or self.test_steps is None:
            train_fraction = 1 - self.valid_fraction - self.test_fraction
            return SplitEnds(round(train_fraction * length), round((1 - self.test_fraction) * length), length)
        train = self.train_steps or length - self.valid_steps - self.test_steps
        return SplitEnds(train, train + self.valid_steps, train + self.valid_steps + self.test_steps)

    def split(self, owner: str, series: Series, context: int, horizon: int) -> SplitEnds:
        """The splits of one series.

        Args:
            owner: the data set, or the user's file.
            series: the series.
            context: time steps that a window reads.
            horizon: time steps that it forecasts.

        Raises:
            InputError: a split without room for one window.
        """
        length = len(series.values)
        ends = self.ends(length)
        for split in SPLITS:
            begin, end = ends.span(split)
            least = context + horizon if split == "train" else horizon
            if (available := min(end, length) - max(begin, 0)) < least or end > length:
                raise InputError(
                    f"{owner}: series {series.name!r} of {length} time steps: the {split} split has "
                    f"{max(available, 0)}, expected at least {least} for one window; lower data.init_args.context or "
                    "horizon, change the split, or drop the series"
                )
        return ends
