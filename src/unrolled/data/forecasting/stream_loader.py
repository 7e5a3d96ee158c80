"""Full series in consecutive chunks, for a carried state.  B batch (rows of this process), T time steps."""

from collections.abc import Sequence
from itertools import pairwise

import torch

from unrolled.data.forecasting.time_split import SplitEnds
from unrolled.data.forecasting.windows import WindowMaker
from unrolled.data.loaders.bucketed import BucketedLoader
from unrolled.errors import InputError
from unrolled.functional.batch import ForecastBatch


class SeriesStreams(BucketedLoader):
    """Each row continues the same row of the batch before, until its series ends.

    Series of similar length share batches; the order of these groups is shuffled in each epoch.

    Args:
        streams: each a batch of one row.
        steps: time steps of a chunk.
        rows: B.
        seed: of the shuffle.
        rank: of this process.
        world_size: number of processes that share the streams.
    """

    streams = True  # refused by tasks that need windows
    length_depends_on = "series, batch_size, sequence_length and number of processes"

    def __init__(
        self, streams: list[ForecastBatch], *, steps: int, rows: int, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        inputs, targets = [one.inputs[0] for one in streams], [one.targets[0] for one in streams]
        super().__init__(inputs, targets, rows=rows, shuffle=seed, chunk=steps, rank=rank, world_size=world_size)
        self.statistics = torch.cat([one.rows for one in streams])  # (N, 1 + 4 O), `rows` of a ForecastBatch

    def batch(self, index: int) -> ForecastBatch:  # type: ignore[override]
        group = self.plan(self.epoch)[index][0]
        numbers = group[self.rank :: self.world_size] or group[:1]
        return ForecastBatch(*super().batch(index), rows=self.statistics[numbers])


def cut_streams(maker: WindowMaker, splits: Sequence[SplitEnds], rows: int) -> list[ForecastBatch]:
    """Cut each training split into equally many streams, at least `rows` in all; each is a batch of one row."""
    per_series = -(-rows // len(splits))
    cuts = [torch.linspace(0, ends.train - 1, per_series + 1).long().tolist() for ends in splits]
    return [
        maker.cut(torch.tensor([[number, begin]]), end - begin, end - begin)
        for number, steps in enumerate(cuts)
        for begin, end in pairwise(steps)
        if end > begin
    ]


def check_streams(maker: WindowMaker, missing: str, hide_share: float) -> None:
    """Refuse options that need windows with a forecast origin.

    Raises:
        InputError: imputation, scaling or hidden inputs that depend on a window, or past covariates.
    """
    refused = {
        f"missing: {missing}": missing in ("linear", "drop"),
        f"scaling: {maker.scaling}": maker.scaling in ("instance", "last_value"),
        "hide_share above 0": hide_share > 0,
        "past covariates": maker.channels["past"] > 0,
    }
    if wrong := [option for option, given in refused.items() if given]:
        raise InputError(f"data.init_args.sampling: stream cannot be combined with {wrong[0]}; use windows")
