"""The base of every data set of series to be forecast.

B batch, C time steps of context, H time steps of the horizon, T = C + H - 1, O numbers of a step, F channels.
"""

from itertools import pairwise
from typing import Any, Literal

import torch
from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from unrolled.data.fitted_state import check_fitted, fitted_state
from unrolled.data.forecast_baselines import fit_linear, forecast_errors, origins
from unrolled.data.last_windows import LastWindows, last_windows
from unrolled.data.one_series import Series, check
from unrolled.data.resumable import ResumableLoader
from unrolled.data.series_inputs import SeriesInputs
from unrolled.data.series_loaders import Cut, RandomWindows, RollingOrigins, SeriesStreams
from unrolled.data.series_parts import Borders, Split
from unrolled.data.series_places import places
from unrolled.data.series_windows import WindowMaker
from unrolled.errors import InputError

Sampling = Literal["windows", "stream"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


class SeriesData(SeriesInputs):
    """Series in equal steps of time, as windows of C + H numbers.  A data set says `load` and `period`.

        inputs   (B, T, F): the numbers x_t of a window but the last, and what else is read; see `WindowMaker`
        targets  (B, T, O): x_{t+1}

    Training draws windows at random places of all series from a seed of its own; validation and test read every window
    in order, so that each step of their part that has C numbers before it and H behind it is once the origin of a
    forecast.

    Args:
        batch_size: rows of a training batch, per process.
        batches: training batches of an epoch.
        eval_batch_size: rows of a validation or test batch, per process.
        seed: of the places of the training windows.
        sampling: of training.  windows: each is read anew; stream: whole series, piece by piece, which needs the
            strategy CarriedState.
        sequence_length: time steps of a piece of a stream.

    Raises:
        InputError: arguments out of range, or series that nothing can be learnt from.
    """

    def __init__(
        self,
        *,
        batch_size: int = 32,
        batches: int = 20,
        eval_batch_size: int = 256,
        seed: int = 1,
        sampling: Sampling = "windows",
        sequence_length: int = 64,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.batch_size, self.batches, self.eval_batch_size = batch_size, batches, eval_batch_size
        self.seed, self.sampling, self.sequence_length = seed, sampling, sequence_length
        self.series: list[Series] = []  # after `setup`, like all that follows
        self.borders_of: list[Borders] = []
        self.maker: WindowMaker
        self.places: dict[Split, Tensor] = {}  # (N, 2) of each window: number of the series, and its first step
        self.linear: list[Tensor] | None = None  # the baseline, once it was asked for

    def load(self) -> list[Series]:
        """Every series, whole."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it holds")

    def setup(self, stage: str | None = None) -> None:
        if self.places:
            return
        self.check_arguments()
        self.series, name = self.load(), type(self).__name__
        check(name, self.series)
        self.borders_of = [self.check_parts(one) for one in self.series]
        self.fit(self.series, self.borders_of)
        self.maker = self.window_maker(self.series)
        self.check_sampling()
        told, every = [], dict[Split, Tensor]()
        for split in SPLITS:
            stride = 1 if split == "train" else self.eval_stride
            found, left_out = places(self.maker, self.series, self.borders_of, split, self.context, stride)
            if not len(found):
                why = f" ({left_out:,} have a missing input, which data.init_args.missing: drop leaves out)" * bool(
                    left_out
                )
                raise InputError(f"{name}: expected a number to forecast in the {split} split, got no window{why}")
            every[split] = found
            told += [f"{split} {len(found):,} windows" + (f" ({left_out:,} left out)" if left_out else "")]
        self.places = every
        gone, total = int(self.maker.store.values.isnan().sum()), self.maker.store.values.numel()
        missing = f"; {gone:,} of {total:,} numbers missing ({self.missing})" if gone else ""
        rank_zero_info("%s: %s series; %s%s", name, f"{len(self.series):,}", ", ".join(told), missing)

    def check_arguments(self) -> None:
        super().check_arguments()
        self.at_least(batch_size=1, batches=1, eval_batch_size=1, sequence_length=1)
        if self.sampling not in ("windows", "stream"):
            raise InputError(f"data.init_args.sampling: expected windows or stream, got {self.sampling!r}")

    def check_sampling(self) -> None:
        """Refuse to read in a stream what only a window with an origin has."""
        if self.sampling == "stream":
            refused = {
                f"missing: {self.missing}": self.missing in ("linear", "drop"),
                f"scaling: {self.scaling}": self.scaling in ("instance", "last_value"),
                "hide_share above 0": self.hide_share > 0,
                "past covariates": self.maker.channels["past"] > 0,
            }
            if wrong := [told for told, here in refused.items() if here]:
                raise InputError(
                    f"data.init_args.sampling: stream goes with no {wrong[0]}; use windows, or leave it out"
                )

    def cut(self, places: Tensor, hidden: Tensor | None = None) -> Any:
        """The windows at `places` (B, 2) as a batch."""
        return self.maker.cut(places, self.context + self.horizon - 1, self.context, hidden)

    def sizes(self) -> dict[str, Any]:
        """What a task must know of this data to be built, by the name of the task's argument."""
        return {"horizon": self.horizon, "context": self.context, "channels": dict(self.maker.channels)}

    def baseline_errors(self, split: Split) -> dict[str, dict[str, Any]]:
        """Errors of the last value, of the last season, and of a linear map, by the name of the measure."""
        self.linear = self.linear or fit_linear(self.maker, self.places["train"], self.places["valid"], self.context)
        windows = origins(self.maker, self.places[split], self.context)
        return forecast_errors(windows, self.horizon, self.period, self.linear)

    def baselines(self, split: Split) -> dict[str, float]:
        """Their mean squared errors in standard deviations, squared, of each series' training part."""
        return {name: errors["mse"] for name, errors in self.baseline_errors(split).items()}

    def state_dict(self) -> dict[str, Any]:
        """The sizes and the scales go with the weights, which fit no others."""
        self.setup()
        return {"sizes": self.sizes()} | fitted_state(self.fitted, self.scales)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        check_fitted(state_dict, self.state_dict())

    def last_windows(self, path: str | None = None) -> LastWindows:
        """What a model reads to forecast the steps behind the last observed one of each series.

        Args:
            path: a file in the place of the run's own, of the same columns; null: these series.

        Raises:
            InputError: series that cannot be forecast, or a path for data that are no table.
        """
        series = self.series if path is None else self.read(path)
        check(type(self).__name__, series)
        return last_windows(series, [*self.fitted], self.window_maker, self.context, self.horizon)

    def read(self, path: str) -> list[Series]:
        """Other series than the run's own."""
        raise InputError(
            f"{type(self).__name__}: expected no file, for its series are its own, got {path}; leave it out"
        )

    def train_dataloader(self) -> ResumableLoader:
        rank, world_size = self._place()
        rows, seed = self.batch_size, self.seed
        if self.sampling == "stream":
            return SeriesStreams(
                self._streams(rows * world_size),
                steps=self.sequence_length,
                rows=rows,
                seed=seed,
                rank=rank,
                world_size=world_size,
            )
        shape = (self.context + self.horizon - 1, self.maker.channels["values"])
        hide = (shape, self.hide_share, self.hide_over) if self.hide_share else None
        cut: Cut = self.cut
        return RandomWindows(
            cut, self.places["train"], rows=rows, batches=self.batches, seed=seed, hide=hide, rank=rank
        )

    def val_dataloader(self) -> RollingOrigins:
        return self._origins("valid")

    def test_dataloader(self) -> RollingOrigins:
        return self._origins("test")

    def _origins(self, split: Split) -> RollingOrigins:
        rank, world_size = self._place()
        return RollingOrigins(self.cut, self.places[split], rows=self.eval_batch_size, rank=rank, world_size=world_size)

    def _streams(self, rows: int) -> list[Any]:
        """The training parts, each in as many pieces as fill the rows of a batch: one stream each."""
        pieces = -(-rows // len(self.series))
        cuts = [torch.linspace(0, border.train - 1, pieces + 1).long().tolist() for border in self.borders_of]
        return [
            self.maker.cut(torch.tensor([[number, begin]]), end - begin, end - begin)
            for number, borders in enumerate(cuts)
            for begin, end in pairwise(borders)
            if end > begin
        ]

    def _place(self) -> tuple[int, int]:
        """(rank, number of processes)."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
