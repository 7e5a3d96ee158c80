"""How batches are drawn from series.

B batch, C time steps of context, H time steps of the horizon, T = C + H - 1, O numbers of a step.
"""

from typing import Any, Literal

from torch import Tensor

from unrolled.data.forecasting.preprocessor import SeriesInputs
from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.stream_loader import SeriesStreams, cut_streams
from unrolled.data.forecasting.time_split import Borders
from unrolled.data.forecasting.window_loaders import Cut, RandomWindows, RollingOrigins
from unrolled.data.forecasting.windows import WindowMaker
from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.data.splits import Split
from unrolled.errors import InputError

Sampling = Literal["windows", "stream"]


class SeriesBatches(SeriesInputs):
    """Windows, or whole series piece by piece.

    Training draws windows at random places of all series from a seed of its own; validation and test read every window
    in order, so that each step of their part that has C numbers before it and H after it is once the origin of a
    forecast.

    Args:
        batch_size: rows of a training batch, per process.
        batches: training batches of an epoch.
        eval_batch_size: rows of a validation or test batch, per process.
        seed: of the places of the training windows.
        sampling: of training.  windows: each is read anew; stream: whole series, piece by piece, for the strategy
            CarriedState.
        sequence_length: time steps of a piece of a stream.
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

    def check_arguments(self) -> None:
        super().check_arguments()
        self.at_least(batch_size=1, batches=1, eval_batch_size=1, sequence_length=1)
        if self.sampling not in ("windows", "stream"):
            raise InputError(f"data.init_args.sampling: expected windows or stream, got {self.sampling!r}")

    def cut(self, places: Tensor, hidden: Tensor | None = None) -> Any:
        """The windows at `places` (B, 2) as a ForecastBatch; `hidden` (B, T, O) of their inputs count as missing."""
        return self.maker.cut(places, self.context + self.horizon - 1, self.context, hidden)

    def train_dataloader(self) -> ResumableLoader:
        rank, world_size = self._place()
        rows, seed = self.batch_size, self.seed
        if self.sampling == "stream":
            streams, steps = cut_streams(self.maker, self.borders_of, rows * world_size), self.sequence_length
            return SeriesStreams(streams, steps=steps, rows=rows, seed=seed, rank=rank, world_size=world_size)
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

    def _place(self) -> tuple[int, int]:
        """(rank, number of processes)."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
