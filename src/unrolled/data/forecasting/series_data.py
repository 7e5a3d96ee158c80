"""The base of every data set of series to be forecast.

B batch, C time steps of context, H time steps of the horizon, T = C + H - 1, O numbers of a step, F channels.
"""

import math
from typing import Any

from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from unrolled.data.files.columns import Numbers
from unrolled.data.forecasting.future_windows import LastWindows, last_windows
from unrolled.data.forecasting.scaling import CovariateScale, Fitted
from unrolled.data.forecasting.series import Series, check
from unrolled.data.forecasting.series_baselines import SeriesBaselines
from unrolled.data.forecasting.stream_loader import check_streams
from unrolled.data.forecasting.window_loaders import places
from unrolled.data.splits import Split
from unrolled.errors import InputError


def fitted_state(fitted: dict[str, Fitted], scales: dict[str, CovariateScale]) -> dict[str, Any]:
    """By the name of a series and of a fitted number, its values for each target in raw units; covariates likewise."""
    return {
        "fitted": {name: plain(one) for name, one in fitted.items()},
        "covariates": {name: plain(scale) for name, scale in scales.items()},
    }


def plain(fitted: Fitted | CovariateScale) -> dict[str, list[float]]:
    return {name: values.tolist() for name, values in fitted._asdict().items()}


def check_fitted(saved: dict[str, Any], mine: dict[str, Any]) -> None:
    """Refuse weights that were trained on other sizes, or on series of another scale.

    Raises:
        InputError: in one line, what the checkpoint has and what the data has.
    """
    trained = f"checkpoint: it was trained on a series of {told(saved)}, this one has"
    if saved["sizes"] != mine["sizes"] or saved["fitted"].keys() != mine["fitted"].keys():
        raise InputError(f"{trained} {told(mine)}; {ADVICE}")
    for kind in ("fitted", "covariates"):
        for owner, numbers in mine[kind].items():
            for name, values in numbers.items():
                if not all(map(same, before := saved[kind][owner][name], values)):
                    was, here = (", ".join(f"{value:.6g}" for value in each) for each in (before, values))
                    raise InputError(f"{trained} {owner!r} of {name} {here} instead of {was}; {ADVICE}")


def same(a: float, b: float) -> bool:
    """Up to the last digits, which a sum may lose on another machine; nan is nan."""
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))


def told(state: dict[str, Any]) -> str:
    sizes = {name: value for name, value in state["sizes"].items() if name != "channels"}
    sizes |= {name: width for name, width in state["sizes"]["channels"].items() if width}
    return ", ".join(f"{name} {value}" for name, value in sizes.items()) + f", {len(state['fitted'])} in all"


ADVICE = "use the arguments of the saved run"


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
