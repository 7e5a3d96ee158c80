"""The base of every data set of one series: split in time, scaled, cut into windows.

B batch, C time steps of context, H time steps of the horizon, T = C + H - 1.
"""

from typing import Any, ClassVar, Literal

import pytorch_lightning as pl
import torch
from torch import Tensor

from unrolled.data.series_windows import RandomWindows, RollingOrigins
from unrolled.errors import InputError
from unrolled.functional.naive_forecasts import last_season, last_value

Split = Literal["train", "valid", "test"]


class SeriesData(pl.LightningDataModule):
    """One series in equal steps of time, as windows of C + H numbers.  A data set says `load` and `period`.

        inputs   (B, T, 1): the numbers x_t of a window but the last
        targets  (B, T, 1): x_{t+1}

    The last part of the series is for the test, the one before it for validation.  No window crosses a border: nothing
    of validation or test is trained on, and a part's first forecast starts behind its first C numbers.  All numbers are
    standardised by the mean and the standard deviation of the training part.  Training draws windows at random places
    from a seed of its own; validation and test read every window of their part in order, so that each step of the part
    with C numbers before it and H behind it is once the origin of a forecast.

    Args:
        horizon: time steps H to forecast.
        context: time steps C that are read before; one period at least, for the seasonal baseline.
        valid_fraction: of the series, for validation.
        test_fraction: of the series, for the test.
        batch_size: rows of a training batch, per process.
        batches: training batches of an epoch.
        eval_batch_size: rows of a validation or test batch, per process.
        seed: of the places of the training windows.

    Raises:
        InputError: arguments out of range, a part that is too short for one window, a series with a number missing or
            of which the training part is constant.
    """

    period: ClassVar[int]  # time steps of a season

    def __init__(
        self,
        *,
        horizon: int = 24,
        context: int = 36,
        valid_fraction: float = 0.25,
        test_fraction: float = 0.25,
        batch_size: int = 32,
        batches: int = 20,
        eval_batch_size: int = 256,
        seed: int = 1,
    ) -> None:
        super().__init__()
        self.horizon, self.context = horizon, context
        self.valid_fraction, self.test_fraction = valid_fraction, test_fraction
        self.batch_size, self.batches, self.eval_batch_size = batch_size, batches, eval_batch_size
        self.seed = seed
        self.parts: dict[Split, Tensor] = {}  # (N,) standardised, after `setup`

    def load(self) -> Tensor:
        """The whole series (N,) in float64, oldest first, nothing missing."""
        raise NotImplementedError

    def setup(self, stage: str | None = None) -> None:
        if self.parts:
            return
        self.check_arguments()
        series, name = self.load(), type(self).__name__
        if missing := int((~series.isfinite()).sum()):
            raise InputError(f"{name}: expected {len(series)} finite numbers, got {missing} that are not; fill them")
        valid = round((1 - self.valid_fraction - self.test_fraction) * len(series))
        test = round((1 - self.test_fraction) * len(series))
        parts: dict[Split, Tensor] = {"train": series[:valid], "valid": series[valid:test], "test": series[test:]}
        for split, part in parts.items():
            if len(part) < (least := self.context + self.horizon):
                raise InputError(
                    f"{name}: the {split} split has {len(part)} numbers, expected at least {least} for one window; "
                    "lower data.init_args.context or horizon, or divide otherwise by valid_fraction and test_fraction"
                )
        self.mean, self.deviation = float(parts["train"].mean()), float(parts["train"].std(correction=0))
        if self.deviation == 0:
            raise InputError(f"{name}: expected numbers that vary, got {self.mean:g} throughout the train split")
        scaled = {split: (part - self.mean) / self.deviation for split, part in parts.items()}
        self.parts = {split: part.to(torch.get_default_dtype()) for split, part in scaled.items()}

    def check_arguments(self) -> None:
        """Refuse arguments that no series could satisfy."""
        least = dict.fromkeys(("horizon", "batch_size", "batches", "eval_batch_size"), 1) | {"context": self.period}
        for name, low in least.items():
            if (value := getattr(self, name)) < low:
                raise InputError(f"data.init_args.{name}: expected {low} or more, got {value}")
        for name in ("valid_fraction", "test_fraction"):
            if not 0 < (value := getattr(self, name)) < 1:
                raise InputError(f"data.init_args.{name}: expected a fraction in (0, 1), got {value}")
        if (both := self.valid_fraction + self.test_fraction) >= 1:
            raise InputError(
                f"data.init_args.valid_fraction + test_fraction: expected less than 1, got {both:g}; nothing is left "
                "to train on"
            )

    def windows(self, split: Split) -> Tensor:
        """Every window of a part (N, C + H), in order of time; a view."""
        return self.parts[split].unfold(0, self.context + self.horizon, 1)

    def sizes(self) -> dict[str, Any]:
        """What a task must know of this data to be built, by the name of the task's argument."""
        return {"horizon": self.horizon, "context": self.context}

    def baselines(self, split: Split) -> dict[str, float]:
        """Mean squared errors over all steps and origins of a split: the last value, and the last season, repeated."""
        context, ahead = self.windows(split).double().tensor_split([self.context], dim=1)
        naive = {
            "naive": last_value(context, self.horizon),
            "seasonal naive": last_season(context, self.horizon, self.period),
        }
        return {name: float((forecast - ahead).square().mean()) for name, forecast in naive.items()}

    def state_dict(self) -> dict[str, Any]:
        """The sizes and the scale go with the weights, which fit no others."""
        self.setup()
        return {"sizes": self.sizes(), "scale": {"mean": self.mean, "deviation": self.deviation}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if state_dict != (mine := self.state_dict()):
            saved, here = (
                ", ".join(f"{name} {value:.6g}" for part in ("sizes", "scale") for name, value in state[part].items())
                for state in (state_dict, mine)
            )
            raise InputError(
                f"checkpoint: it was trained on a series of {saved}, this one has {here}; use the arguments of the "
                "saved run"
            )

    def train_dataloader(self) -> RandomWindows:
        return RandomWindows(
            self.windows("train"), rows=self.batch_size, batches=self.batches, seed=self.seed, rank=self._place()[0]
        )

    def val_dataloader(self) -> RollingOrigins:
        return self._origins("valid")

    def test_dataloader(self) -> RollingOrigins:
        return self._origins("test")

    def _origins(self, split: Split) -> RollingOrigins:
        rank, world_size = self._place()
        return RollingOrigins(self.windows(split), rows=self.eval_batch_size, rank=rank, world_size=world_size)

    def _place(self) -> tuple[int, int]:
        """(rank, number of processes)."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
