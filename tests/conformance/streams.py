"""Small seeded streams for tests.  B batch (rows), T time (steps), V vocabulary."""

from collections.abc import Iterator

import torch

from unrolled.data.streams import StreamLoader
from unrolled.functional.batch import SequenceBatch

V, B, T = 7, 3, 8


def stream(columns: int = 28, rows: int = B, seed: int = 5) -> StreamLoader:
    """Rows of `columns` steps in batches of T, the last one shorter; the last two targets are padding."""
    tokens = torch.randint(1, V, (rows * columns - 2,), generator=torch.Generator().manual_seed(seed))
    return StreamLoader(tokens, begin=0, rows=rows, window=T)


class AlwaysFresh(StreamLoader):
    """The same batches, every row of each the start of a new sequence."""

    def __iter__(self) -> Iterator[SequenceBatch]:
        return (batch._replace(fresh=torch.ones_like(batch.fresh)) for batch in super().__iter__())


def always_fresh() -> StreamLoader:
    plain = stream()
    plain.__class__ = AlwaysFresh
    return plain
