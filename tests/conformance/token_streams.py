"""Small seeded streams for tests.  B batch (rows), T time (steps), V vocabulary."""

from collections.abc import Iterator
from functools import partial

import torch

from unrolled.data.loaders.token_stream import StreamLoader
from unrolled.functional.batch import SequenceBatch

V, B, T = 7, 3, 8


class AlwaysFresh(StreamLoader):
    """Every row of each batch is the start of a new sequence."""

    def __iter__(self) -> Iterator[SequenceBatch]:
        for batch in super().__iter__():
            first = torch.zeros_like(batch.resets)
            first[:, 0] = True
            yield batch._replace(resets=first)


class Restarting(StreamLoader):
    """In the third batch row 1 starts a new sequence, as at the border of a document."""

    def __iter__(self) -> Iterator[SequenceBatch]:
        for batch in super().__iter__():
            fresh = batch.resets.clone()
            fresh[1, 0] |= self.position == 3
            yield batch._replace(resets=fresh)


def stream(columns: int = 28, rows: int = B, seed: int = 5, kind: type[StreamLoader] = StreamLoader) -> StreamLoader:
    """Rows of `columns` steps in batches of T, the last one shorter; the last two targets are padding."""
    tokens = torch.randint(1, V, (rows * columns - 2,), generator=torch.Generator().manual_seed(seed))
    return kind(tokens, begin=0, rows=rows, window=T)


def never_seen() -> StreamLoader:
    """Of a token that no `stream` has: the longer it was trained on one, the worse."""
    return StreamLoader(torch.zeros(B * 12, dtype=torch.int64), begin=0, rows=B, window=T)


always_fresh = partial(stream, kind=AlwaysFresh)
restarting = partial(stream, kind=Restarting)
whole_batches = partial(stream, columns=32)  # no shorter one at the end
