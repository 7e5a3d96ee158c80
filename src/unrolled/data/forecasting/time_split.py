"""How every series is divided in time.  C time steps of context, H of the horizon."""

from typing import Any, ClassVar, NamedTuple

import pytorch_lightning as pl

from unrolled.data.forecasting.series import Series
from unrolled.data.splits import Split
from unrolled.errors import InputError


class Borders(NamedTuple):
    """Where the parts of one series end, in time steps: train from 0, valid and test after it."""

    train: int
    valid: int
    test: int

    def of(self, split: Split) -> tuple[int, int]:
        """(first step, after the last) of a part."""
        begins = {"train": 0, "valid": self.train, "test": self.valid}
        return begins[split], getattr(self, split)


class SeriesParts(pl.LightningDataModule):
    """Each series is divided for itself: its last part is for the test, the one before it for validation.

    No target of one part is trained on or measured in another; the context of a validation or test window may reach
    back into the part before, as it would in use.

    Args:
        horizon: time steps H to forecast.
        context: time steps C that are read before; one period at least, for the seasonal baseline.
        valid_fraction: of each series, for validation.
        test_fraction: of each series, for the test.
        train_steps: time steps for training, from the start on; null: all in front of the validation part.
        valid_steps: time steps for validation, after train_steps or else counted from the end; null: by the fraction.
        test_steps: time steps for the test, likewise.
        eval_stride: time steps from one origin of validation and test to the next.
    """

    period: int  # time steps of a season
    in_sample: ClassVar[Split] = "train"  # up to the end of which part seasonal errors are taken, in which MASE is told

    def __init__(
        self,
        *,
        horizon: int = 24,
        context: int = 36,
        valid_fraction: float = 0.25,
        test_fraction: float = 0.25,
        train_steps: int | None = None,
        valid_steps: int | None = None,
        test_steps: int | None = None,
        eval_stride: int = 1,
    ) -> None:
        super().__init__()
        self.horizon, self.context = horizon, context
        self.valid_fraction, self.test_fraction = valid_fraction, test_fraction
        self.train_steps, self.valid_steps, self.test_steps = train_steps, valid_steps, test_steps
        self.eval_stride = eval_stride

    @property
    def owner(self) -> str:
        """What an error about the series names: the data set, or the user's file."""
        return type(self).__name__

    def check_arguments(self) -> None:
        """Refuse arguments that no series could satisfy."""
        self.at_least(horizon=1, context=self.period, eval_stride=1)
        steps = {name: getattr(self, name) for name in ("train_steps", "valid_steps", "test_steps")}
        self.at_least(**{name: 1 for name, value in steps.items() if value is not None})
        if (self.valid_steps is None) != (self.test_steps is None) or (self.train_steps and not self.test_steps):
            told = ", ".join(f"{name} {value}" for name, value in steps.items())
            raise InputError(f"data.init_args: expected valid_steps and test_steps together, got {told}; give both")
        for name in ("valid_fraction", "test_fraction"):
            if not 0 < (value := getattr(self, name)) < 1:
                raise InputError(f"data.init_args.{name}: expected a fraction in (0, 1), got {value}")
        if (both := self.valid_fraction + self.test_fraction) >= 1:
            raise InputError(
                f"data.init_args.valid_fraction + test_fraction: expected less than 1, got {both:g}; nothing is left "
                "to train on"
            )

    def at_least(self, **low: Any) -> None:
        """Refuse an argument below what is given by its name."""
        for name, least in low.items():
            if not (value := getattr(self, name)) >= least:
                raise InputError(f"data.init_args.{name}: expected {least} or more, got {value}")

    def borders(self, length: int) -> Borders:
        """Where the parts of a series of that many steps end."""
        if self.valid_steps is None or self.test_steps is None:
            share = 1 - self.valid_fraction - self.test_fraction
            return Borders(round(share * length), round((1 - self.test_fraction) * length), length)
        train = self.train_steps or length - self.valid_steps - self.test_steps
        return Borders(train, train + self.valid_steps, train + self.valid_steps + self.test_steps)

    def check_parts(self, series: Series) -> Borders:
        """The borders of a series; each part must have room for a window."""
        borders = self.borders(len(series.values))
        for split, least in (("train", self.context + self.horizon), ("valid", self.horizon), ("test", self.horizon)):
            begin, end = borders.of(split)  # type: ignore[arg-type]
            if (length := min(end, len(series.values)) - max(begin, 0)) < least or end > len(series.values):
                raise InputError(
                    f"{self.owner}: series {series.name!r} of {len(series.values)} time steps: the {split} "
                    f"split has {max(length, 0)}, expected at least {least} for one window; lower "
                    "data.init_args.context or horizon, divide otherwise, or leave the series out"
                )
        return borders
