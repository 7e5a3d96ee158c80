"""Small seeded streams for tests.  B batch (rows), T time (steps), V vocabulary."""

from collections.abc import Iterator
from functools import partial

import torch

from unrolled.data.streams import StreamLoader
from unrolled.functional.batch import SequenceBatch

V, B, T = 7, 3, 8


class AlwaysFresh(StreamLoader):
    """Every row of each batch is the start of a new sequence."""

    def __iter__(self) -> Iterator[SequenceBatch]:
        return (batch._replace(fresh=torch.ones_like(batch.fresh)) for batch in super().__iter__())


class Restarting(StreamLoader):
    """In the third batch row 1 starts a new sequence, as at the border of a document."""

    def __iter__(self) -> Iterator[SequenceBatch]:
        for batch in super().__iter__():
            third = torch.tensor([self.position == 3 and row == 1 for row in range(len(batch.fresh))])
            yield batch._replace(fresh=batch.fresh | third)


def stream(columns: int = 28, rows: int = B, seed: int = 5, kind: type[StreamLoader] = StreamLoader) -> StreamLoader:
    """Rows of `columns` steps in batches of T, the last one shorter; the last two targets are padding."""
    tokens = torch.randint(1, V, (rows * columns - 2,), generator=torch.Generator().manual_seed(seed))
    return kind(tokens, begin=0, rows=rows, window=T)


always_fresh = partial(stream, kind=AlwaysFresh)
restarting = partial(stream, kind=Restarting)
