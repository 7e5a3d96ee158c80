"""The base of every data set of series to be forecast.

B batch, C time steps of context, H time steps of the horizon, T = C + H - 1, O numbers of a step, F channels.
"""

from typing import Any

from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from unrolled.data.forecasting.fitted_state import check_fitted, fitted_state
from unrolled.data.forecasting.future_windows import LastWindows, last_windows
from unrolled.data.forecasting.series import Numbers, Series, check
from unrolled.data.forecasting.series_baselines import SeriesBaselines
from unrolled.data.forecasting.series_places import places
from unrolled.data.forecasting.stream_loader import check_streams
from unrolled.data.splits import Split
from unrolled.errors import InputError

SPLITS: tuple[Split, ...] = ("train", "valid", "test")


class SeriesData(SeriesBaselines):
    """Series in equal steps of time, as windows of C + H numbers.  A data set says `load` and `period`.

        inputs   (B, T, F): the numbers x_t of a window but the last, and what else is read; see `WindowMaker`
        targets  (B, T, O): x_{t+1}

    Raises:
        InputError: arguments out of range, or series that nothing can be learnt from.
    """

    def load(self) -> list[Series]:
        """Every series, whole."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it holds")

    def setup(self, stage: str | None = None) -> None:
        if self.places:
            return
        self.check_arguments()
        self.series = self.load()
        check(self.owner, self.series)
        self.borders_of = [self.check_parts(one) for one in self.series]
        self.fit(self.series, self.borders_of)
        self.maker = self.window_maker(self.owner, self.series)
        if self.sampling == "stream":
            check_streams(self.maker, self.missing, self.hide_share)
        told, every = [], dict[Split, Tensor]()
        for split in SPLITS:
            stride = 1 if split == "train" else self.eval_stride
            found, left_out = places(self.maker, self.series, self.borders_of, split, self.context, stride)
            if not len(found):
                why = f" ({left_out:,} have a missing input, which data.init_args.missing: drop leaves out)"
                wanted = f"expected a number to forecast in the {split} split, got no window{why * bool(left_out)}"
                raise InputError(f"{self.owner}: {wanted}")
            every[split] = found
            told += [f"{split} {len(found):,} windows" + (f" ({left_out:,} left out)" if left_out else "")]
        self.places = every
        gone, total = int(self.maker.store.values.isnan().sum()), self.maker.store.values.numel()
        missing = f"; {gone:,} of {total:,} numbers missing ({self.missing})" if gone else ""
        rank_zero_info("%s: %s series; %s%s", type(self).__name__, f"{len(self.series):,}", ", ".join(told), missing)

    def sizes(self) -> dict[str, Any]:
        """What a task must know of this data to be built, by the name of the task's argument."""
        return {"horizon": self.horizon, "context": self.context, "channels": dict(self.maker.channels)}

    def observed(self, split: Split) -> Numbers:
        """(C, O): what was observed in the context of a split's first window, raw; nan where nothing was."""
        number, begin = self.places[split][0].tolist()
        return self.series[number].values[begin : begin + self.context]

    def state_dict(self) -> dict[str, Any]:
        """The sizes and the scales go with the weights, which fit no others."""
        self.setup()
        return {"sizes": self.sizes()} | fitted_state(self.fitted, self.scales)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        check_fitted(state_dict, self.state_dict())

    def last_windows(self, path: str | None = None, *, strangers: bool = False) -> LastWindows:
        """What a model reads to forecast the steps after the last observed one of each series.

        Args:
            path: a file in the place of the run's own, of the same columns; null: these series.
            strangers: whether series may be new to a model, for it reads no number of them.  They may where each window
                has its own scale as well.

        Raises:
            InputError: series that cannot be forecast, or a path for data that are no table.
        """
        series, frequency = self.series if path is None else self.read(path), self.series[0].frequency
        owner = self.owner if path is None else path
        check(owner, series)
        if other := [one for one in series if one.frequency != frequency]:
            here, wanted = (each or "numbered ones" for each in (other[0].frequency, frequency))
            told = f"expected time steps as in training, {wanted}, got {here}"
            raise InputError(f"{owner}: series {other[0].name!r}: {told}; give times of the same kind")
        known = None if strangers and self.scaling == "instance" else [*self.fitted]
        return last_windows(owner, series, known, self.window_maker, self.context, self.horizon)

    def read(self, path: str) -> list[Series]:
        """Other series than the run's own."""
        raise InputError(
            f"{type(self).__name__}: expected no file, for its series are its own, got {path}; leave it out"
        )
