"""The data module of every forecasting data set: split in time, preprocess, cut windows, load batches.

B batch, C time steps of context, H time steps of the horizon, T = C + H - 1, O target values of a step, F channels.
"""

from functools import cached_property
from typing import Any, ClassVar, Literal

from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from unrolled.data.base import SPLITS, SequenceDataModule, Split, at_least
from unrolled.data.files.columns import Numbers
from unrolled.data.forecasting.baselines import Baselines, Forecast
from unrolled.data.forecasting.calendar_features import Calendar
from unrolled.data.forecasting.fitted_state import check_fitted, fitted_state
from unrolled.data.forecasting.future_windows import LastWindows, last_windows
from unrolled.data.forecasting.missing_values import Missing
from unrolled.data.forecasting.preprocessor import Preprocessor
from unrolled.data.forecasting.scaling import Scaling
from unrolled.data.forecasting.series import Series, check
from unrolled.data.forecasting.stream_loader import SeriesStreams, check_streams, cut_streams
from unrolled.data.forecasting.time_split import SplitEnds, TimeSplit
from unrolled.data.forecasting.window_loaders import RandomWindows, RollingOrigins, places
from unrolled.data.forecasting.windows import WindowMaker
from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.errors import InputError
from unrolled.functional.batch import ForecastBatch

Sampling = Literal["windows", "stream"]


class SeriesData(SequenceDataModule):
    """Series in equal time steps, as windows of C + H steps.  A data set overrides `load` and sets `period`.

        inputs   (B, T, F): the values x_t of a window except the last, and additional channels; see `WindowMaker`
        targets  (B, T, O): x_{t+1}

    Training draws windows at random from all series; validation and test read every window in order, so that each time
    step with C steps before it and H after it is the origin of one forecast.

    Args:
        batch_size: windows, or streams, of a training batch, per process.
        batches: training batches of an epoch.
        eval_batch_size: windows of a validation or test batch, per process.
        seed: random seed of the training windows.
        sampling: training batches.  windows: independent random windows; stream: full series in consecutive chunks, for
            the strategy CarriedState.
        sequence_length: time steps of a chunk of a stream.
        marks: add a channel that marks which values were observed (1) or imputed (0).
        since: add a channel with the time steps since the last observed value.
        hide_share: fraction of observed training inputs to treat as missing, drawn at random.
        hide_over: training batches over which that fraction grows linearly from 0; 0: constant.
        calendar: calendar features of the step to forecast: minute, hour, weekday, day, day_of_year, week, month,
            quarter, each as a sine and a cosine.
        fourier: number of harmonics of the season to add as features of the step to forecast.
        lags: time steps before the step to forecast whose values are added as features; each at least the
            horizon, so that they are known.
        missing: imputation.  forward_fill: the last observed value; linear: interpolate gaps that end inside the
            context; mean, median, mode: of the training split of the series; marker: a constant; drop: drop windows
            with a missing input.
        marker: the constant of missing: marker, on the scale of the inputs.
        scaling: of each series.  standard: by mean and standard deviation; mean_absolute: by the mean of |x|; instance:
            each window by the mean and deviation of its context; last_value: each window relative to the last value of
            its context, by the standard deviation of the series.
        horizon: time steps H to forecast.
        context: time steps C before the forecast; at least one period, for the seasonal baseline.
        valid_fraction: fraction of each series for validation.
        test_fraction: fraction of each series for the test.
        train_steps: time steps for training, from the start; null: all before validation.
        valid_steps: time steps for validation, after train_steps if set, else counted from the end; null: by fraction.
        test_steps: time steps for the test, after those for validation; null: by fraction.
        eval_stride: time steps between the origins of two validation or test windows.

    Raises:
        InputError: arguments out of range, or series that no model can learn from.
    """

    period: int  # time steps of a season
    in_sample: ClassVar[Split] = "train"  # seasonal errors, the unit of MASE, are computed up to the end of this split

    def __init__(
        self,
        *,
        batch_size: int = 32,
        batches: int = 20,
        eval_batch_size: int = 256,
        seed: int = 1,
        sampling: Sampling = "windows",
        sequence_length: int = 64,
        marks: bool = False,
        since: bool = False,
        hide_share: float = 0.0,
        hide_over: int = 0,
        calendar: list[Calendar] | None = None,
        fourier: int = 0,
        lags: list[int] | None = None,
        missing: Missing = "forward_fill",
        marker: float = -1.0,
        scaling: Scaling = "standard",
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
        self.horizon, self.context, self.eval_stride = horizon, context, eval_stride
        self.time_split = TimeSplit(valid_fraction, test_fraction, train_steps, valid_steps, test_steps)
        self.preprocessor = Preprocessor(
            horizon=horizon,
            missing=missing,
            marker=marker,
            scaling=scaling,
            marks=marks,
            since=since,
            calendar=calendar or [],
            fourier=fourier,
            lags=lags or [],
        )
        self.batch_size, self.batches, self.eval_batch_size, self.seed = batch_size, batches, eval_batch_size, seed
        self.sampling, self.sequence_length = sampling, sequence_length
        self.hide_share, self.hide_over = hide_share, hide_over
        self.series: list[Series] = []  # after `setup`, like all attributes below
        self.split_ends: list[SplitEnds] = []  # of each series
        self.maker: WindowMaker
        self.places: dict[Split, Tensor] = {}  # (N, 2) of each window: index of the series, first step of the context

    def load(self) -> list[Series]:
        """All series, with all their time steps."""
        raise NotImplementedError(f"{type(self).__name__} does not define load()")

    def check_arguments(self) -> None:
        at_least(1, horizon=self.horizon)
        at_least(self.period, context=self.context)
        at_least(1, eval_stride=self.eval_stride)
        self.time_split.check()
        self.preprocessor.check(self.period)
        at_least(0, hide_over=self.hide_over)
        if not 0 <= self.hide_share < 1:
            raise InputError(f"data.init_args.hide_share: expected a fraction in [0, 1), got {self.hide_share}")
        if self.hide_share and self.preprocessor.missing == "drop":
            message = "expected an imputation for hide_share above 0, got drop; choose another"
            raise InputError(f"data.init_args.missing: {message}")
        sizes = {"batch_size": self.batch_size, "batches": self.batches, "eval_batch_size": self.eval_batch_size}
        at_least(1, **sizes, sequence_length=self.sequence_length)
        if self.sampling not in ("windows", "stream"):
            raise InputError(f"data.init_args.sampling: expected windows or stream, got {self.sampling!r}")

    def setup(self, stage: str | None = None) -> None:
        """Load, split and preprocess the series once, and find their windows.  Later calls do nothing."""
        if self.places:
            return
        self.check_arguments()
        self.series = self.load()
        check(self.owner, self.series)
        self.split_ends = [self.time_split.split(self.owner, one, self.context, self.horizon) for one in self.series]
        self.preprocessor.fit(self.owner, self.series, self.split_ends, self.period, self.in_sample)
        self.maker = self.preprocessor.window_maker(self.owner, self.series)
        if self.sampling == "stream":
            check_streams(self.maker, self.preprocessor.missing, self.hide_share)
        self.places = self._find_windows()

    def _find_windows(self) -> dict[Split, Tensor]:
        """The places (N, 2) of the windows of each split; log how many there are."""
        counts, found = [], dict[Split, Tensor]()
        for split in SPLITS:
            stride = 1 if split == "train" else self.eval_stride
            found[split], dropped = places(self.maker, self.series, self.split_ends, split, self.context, stride)
            if not len(found[split]):
                why = f" (data.init_args.missing: drop dropped {dropped:,} with a missing input)"
                message = f"expected a window with a target in the {split} split, got none{why * bool(dropped)}"
                raise InputError(f"{self.owner}: {message}")
            counts += [f"{split} {len(found[split]):,} windows" + (f" ({dropped:,} dropped)" if dropped else "")]
        gaps, total = int(self.maker.store.values.isnan().sum()), self.maker.store.values.numel()
        missing = f"; {gaps:,} of {total:,} values missing ({self.preprocessor.missing})" if gaps else ""
        rank_zero_info("%s: %s series; %s%s", type(self).__name__, f"{len(self.series):,}", ", ".join(counts), missing)
        return found

    def cut(self, places: Tensor, hidden: Tensor | None = None) -> ForecastBatch:
        """The windows at `places` (B, 2); inputs where `hidden` (B, T, O) is true are treated as missing."""
        return self.maker.cut(places, self.context + self.horizon - 1, self.context, hidden)

    def train_dataloader(self) -> ResumableLoader:
        rank, world_size = self.process
        rows, seed = self.batch_size, self.seed
        if self.sampling == "stream":
            streams, steps = cut_streams(self.maker, self.split_ends, rows * world_size), self.sequence_length
            return SeriesStreams(streams, steps=steps, rows=rows, seed=seed, rank=rank, world_size=world_size)
        shape = (self.context + self.horizon - 1, self.maker.channels["values"])
        hide = (shape, self.hide_share, self.hide_over) if self.hide_share else None
        windows = self.places["train"]
        return RandomWindows(self.cut, windows, rows=rows, batches=self.batches, seed=seed, hide=hide, rank=rank)

    def val_dataloader(self) -> RollingOrigins:
        return self._origins("valid")

    def test_dataloader(self) -> RollingOrigins:
        return self._origins("test")

    def _origins(self, split: Split) -> RollingOrigins:
        rank, world_size = self.process
        return RollingOrigins(self.cut, self.places[split], rows=self.eval_batch_size, rank=rank, world_size=world_size)

    def sizes(self) -> dict[str, Any]:
        return {"horizon": self.horizon, "context": self.context, "channels": dict(self.maker.channels)}

    @cached_property
    def reference(self) -> Baselines:
        return Baselines(self.maker, self.places, context=self.context, period=self.period)

    def baseline_forecasts(self) -> dict[str, Forecast]:
        """Baseline forecasts, without a network, by name.  A data set may add more."""
        return self.reference.forecasts()

    def baseline_errors(self, split: Split) -> dict[str, dict[str, Any]]:
        """Errors of `baseline_forecasts` on all windows of a split, by the names of the forecast and of the metric."""
        return self.reference.errors(split, self.baseline_forecasts())

    def baselines(self, split: Split) -> dict[str, float]:
        """Mean squared errors of standardised values, by the name of the forecast."""
        return {name: errors["mse"] for name, errors in self.baseline_errors(split).items()}

    def observed(self, split: Split) -> Numbers:
        """(C, O): the raw context of a split's first window; nan where missing."""
        index, begin = self.places[split][0].tolist()
        return self.series[index].values[begin : begin + self.context]

    def state_dict(self) -> dict[str, Any]:
        """The sizes and the fitted statistics, which a checkpoint holds next to the weights."""
        self.setup()
        return super().state_dict() | fitted_state(self.preprocessor.fitted, self.preprocessor.covariates)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        check_fitted(state_dict, self.state_dict())

    def last_windows(self, path: str | None = None, *, strangers: bool = False) -> LastWindows:
        """The inputs of a forecast of the steps after the last observed one of each series.

        Args:
            path: a file with the same columns, to forecast its series; None: the series of this data set.
            strangers: accept series that the model was not trained on, because it has no series embedding; takes effect
                only with scaling: instance, which needs no statistics of the series.

        Raises:
            InputError: series that cannot be forecast, or a path for a data set that reads no files.
        """
        series, frequency = self.series if path is None else self.read(path), self.series[0].frequency
        owner = self.owner if path is None else path
        check(owner, series)
        if other := [one for one in series if one.frequency != frequency]:
            given, wanted = (each or "integers" for each in (other[0].frequency, frequency))
            message = f"expected time steps as in training, {wanted}, got {given}"
            raise InputError(f"{owner}: series {other[0].name!r}: {message}; give times of the same kind")
        known = None if strangers and self.preprocessor.scaling == "instance" else [*self.preprocessor.fitted]
        return last_windows(owner, series, known, self.preprocessor.window_maker, self.context, self.horizon)

    def read(self, path: str) -> list[Series]:
        """The series of a file.  Overridden by data sets that read files."""
        raise InputError(
            f"{type(self).__name__}: expected no file, because this data set has fixed series, got {path}; omit it"
        )
