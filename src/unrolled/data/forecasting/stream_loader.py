"""Whole series, piece by piece, for a state that is carried on.  B batch (rows of this process), T time steps."""

from collections.abc import Sequence
from itertools import pairwise

import torch

from unrolled.data.forecasting.fitted_series import Borders
from unrolled.data.forecasting.windows import WindowMaker
from unrolled.data.loaders.bucketed import BucketedLoader
from unrolled.errors import InputError
from unrolled.functional.batch import ForecastBatch


class SeriesStreams(BucketedLoader):
    """Each row goes on where it stopped in the batch before, until its series ends.

    Series of about the same length share their batches; in each epoch the order of these groups is another.

    Args:
        streams: one batch of a single row for each.
        steps: time steps of a piece.
        rows: B.
        seed: of the order.
        rank: which process this is.
        world_size: how many processes share the streams.
    """

    streams = True  # a task that reads windows alone refuses it
    length_depends_on = "series, batch_size, sequence_length and number of processes"

    def __init__(
        self, streams: list[ForecastBatch], *, steps: int, rows: int, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        inputs, targets = [one.inputs[0] for one in streams], [one.targets[0] for one in streams]
        super().__init__(inputs, targets, rows=rows, shuffle=seed, chunk=steps, rank=rank, world_size=world_size)
        self.told = torch.cat([one.rows for one in streams])  # (N, 1 + 4 O)

    def batch(self, index: int) -> ForecastBatch:  # type: ignore[override]
        group = self.plan(self.epoch)[index][0]
        return ForecastBatch(*super().batch(index), rows=self.told[group[self.rank :: self.world_size] or group[:1]])


def cut_streams(maker: WindowMaker, borders: Sequence[Borders], rows: int) -> list[ForecastBatch]:
    """The training parts, each in as many pieces as fill the `rows` of a batch: one stream each, a batch of one row."""
    pieces = -(-rows // len(borders))
    cuts = [torch.linspace(0, border.train - 1, pieces + 1).long().tolist() for border in borders]
    return [
        maker.cut(torch.tensor([[number, begin]]), end - begin, end - begin)
        for number, steps in enumerate(cuts)
        for begin, end in pairwise(steps)
        if end > begin
    ]


def check_streams(maker: WindowMaker, missing: str, hide_share: float) -> None:
    """Refuse to read in a stream what only a window with an origin has.

    Raises:
        InputError: a way of filling, hiding or scaling that looks at windows, or covariates that end at an origin.
    """
    refused = {
        f"missing: {missing}": missing in ("linear", "drop"),
        f"scaling: {maker.scaling}": maker.scaling in ("instance", "last_value"),
        "hide_share above 0": hide_share > 0,
        "past covariates": maker.channels["past"] > 0,
    }
    if wrong := [told for told, here in refused.items() if here]:
        raise InputError(f"data.init_args.sampling: stream goes with no {wrong[0]}; use windows, or leave it out")
