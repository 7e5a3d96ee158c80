"""What a forecaster reads of the channels of a step.  C channels, N series, E embedding, F features."""

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.forecasting.channels import Channels

SPREAD = 0.1  # of embeddings at the start: series are alike until they are told apart


class SeriesReader(nn.Module):
    """All channels as they are, but for a series' index: an embedding (E) of it stands in its place, at the end.

    Args:
        channels: what stands at a step.
        embedding_size: E; 0: the index is not read.

    Raises:
        InputError: a negative size, or an embedding where there are no several series.
    """

    def __init__(self, channels: Channels, embedding_size: int) -> None:
        super().__init__()
        if embedding_size < 0 or (embedding_size and not channels.series):
            series = f"{channels.series} series" if channels.series else "data that number no series"
            wanted = "expected a series_embedding_size of 0 or more, above 0 only for data of several series"
            raise InputError(f"task: {wanted}, got {embedding_size} for {series}")
        self.place = channels.at("series").start if channels.series else None
        self.output_size = (channels.width if self.place is None else self.place) + embedding_size
        self.embedding = nn.Embedding(channels.series, embedding_size) if embedding_size else None
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=SPREAD)

    def forward(self, inputs: Tensor) -> Tensor:
        """Features (..., F) of inputs (..., C).

        Raises:
            InputError: an index that is to be embedded, among more series than the inputs' type can number.
        """
        if self.place is None:
            return inputs
        numbers, index = inputs[..., : self.place], inputs[..., self.place]
        if self.embedding is None:
            return numbers
        check_numbers(self.embedding.num_embeddings, inputs.dtype)
        return torch.cat([numbers, self.embedding(index.long())], -1)


def check_numbers(series: int, dtype: torch.dtype) -> None:
    """Refuse more series than a type has whole numbers without a gap: with half precision one would pass for another.

    Raises:
        InputError: how many it can tell apart.
    """
    if series - 1 > (last := round(2 / torch.finfo(dtype).eps)):
        told = f"expected one that numbers {series:,} series, got {dtype}, which tells {last + 1:,} of them apart"
        raise InputError(f"trainer.precision: {told}; use bf16-mixed, or series_embedding_size: 0")


def check_marks(cell: object, layout: Channels, patch: int = 1) -> None:
    """Refuse a cell that reads `values`, their marks and their times since (GRU-D) where those do not stand so.

    Raises:
        InputError: another number of values, no marks or no times since, or steps that are read in patches.
    """
    if (values := getattr(cell, "values", None)) is None:
        return
    if not values == layout.values == layout.marks == layout.since or patch > 1:
        told = f"{layout.values}, {layout.marks} and {layout.since}" + (f" in patches of {patch}" if patch > 1 else "")
        raise InputError(
            f"architecture: {type(cell).__name__} reads {values} values, marks and times since of each step, but the "
            f"data hand over {told}; let their policy of missing numbers say marks: true and since: true"
        )
