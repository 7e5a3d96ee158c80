"""A long stream of tokens -> batches whose rows each read on where they stopped.

    R = rows per process * processes;  n = ceil(N / R) columns
    row r reads tokens [r n, (r + 1) n), window by window; process p holds rows [p B, (p + 1) B)

B batch (rows of this process), N tokens, T time (steps of one window).
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.functional.batch import IGNORE, SequenceBatch


class StreamLoader(ResumableLoader):
    """Every token of a stream as a target exactly once, in contiguous rows; no randomness, no copy per batch.

    Args:
        tokens: (N,) token numbers; the input is the same stream one step late, `begin` first.
        begin: the number of `<bos>`.
        rows: B, per process.
        window: T, time steps per batch; the last batch of an epoch may be shorter.
        starts: the tokens with which a document starts, beside the first: `begin` is read in front of each of them, and
            its row is fresh there.
        rank: which process this is.
        world_size: how many processes share the stream.
    """

    counted_by = "text, batch_size, sequence_length and number of processes"

    def __init__(
        self,
        tokens: Tensor,
        *,
        begin: int,
        rows: int,
        window: int,
        starts: Tensor | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__()
        total = rows * world_size
        columns = -(-len(tokens) // total)
        missing = total * columns - len(tokens)
        mine = slice(rank * rows, (rank + 1) * rows)
        inputs = torch.cat([tokens.new_tensor([begin]), tokens[:-1]])
        fresh = torch.zeros_like(tokens, dtype=torch.bool)
        if starts is not None:
            inputs[starts], fresh[starts] = begin, True
        self.inputs = pad(inputs, (0, missing), value=begin).view(total, columns)[mine].clone()  # (B, n)
        self.targets = pad(tokens, (0, missing), value=IGNORE).view(total, columns)[mine].clone()  # (B, n)
        self.resets = pad(fresh, (0, missing)).view(total, columns)[mine].clone()  # (B, n)
        self.resets[:, 0] = True
        self.window = window

    def __len__(self) -> int:
        """Batches in an epoch, the same on every process."""
        return -(-self.inputs.shape[1] // self.window)

    def batch(self, index: int) -> SequenceBatch:
        piece = slice(index * self.window, (index + 1) * self.window)
        return SequenceBatch(self.inputs[:, piece], self.targets[:, piece], self.resets[:, piece])
