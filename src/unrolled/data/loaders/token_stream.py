"""Contiguous token streams: each row of a batch continues where it stopped in the batch before.

    R = rows per process * processes;  n = ceil(N / R) columns
    row r reads tokens [r n, (r + 1) n), window by window; process p has rows [p B, (p + 1) B)

B batch (rows of this process), N tokens, T time (steps of one window).
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.functional.batch import IGNORE, SequenceBatch


class StreamLoader(ResumableLoader):
    """Every token of a stream is a target exactly once per epoch, in contiguous rows.  Not random; batches are views.

    Args:
        tokens: (N,) token ids; the input is the same stream shifted by one step, `begin` first.
        begin: the id of `<bos>`.
        rows: B, rows of a batch per process.
        window: T, time steps per batch; the last batch of an epoch may be shorter.
        starts: indices of the first tokens of the second and later documents: the input there is `begin`, and the row
            resets.
        rank: the rank of this process.
        world_size: the number of processes.
    """

    length_depends_on = "text, batch_size, sequence_length and number of processes"

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
        """Batches per epoch, the same on every process."""
        return -(-self.inputs.shape[1] // self.window)

    def batch(self, index: int) -> SequenceBatch:
        steps = slice(index * self.window, (index + 1) * self.window)
        return SequenceBatch(self.inputs[:, steps], self.targets[:, steps], self.resets[:, steps])
