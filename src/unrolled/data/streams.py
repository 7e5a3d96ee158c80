"""A long stream of tokens -> batches whose rows each read on where they stopped.

    R = rows per process * processes;  n = ceil(N / R) columns
    row r reads tokens [r n, (r + 1) n), window by window; process p holds rows [p B, (p + 1) B)

B batch (rows of this process), N tokens, T time (steps of one window).
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import pad

from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE, SequenceBatch


class StreamLoader:
    """Every token of a stream as a target exactly once, in contiguous rows; no randomness, no copy per batch.

    Lightning saves and restores it in mid-epoch: it has `state_dict`, `load_state_dict`, and a length, so that
    Lightning fetches nothing ahead and the position counts the batches that were trained on.

    Args:
        tokens: (N,) token numbers; the input is the same stream one step late, `begin` first.
        begin: the number of `<bos>`.
        rows: B, per process.
        window: T, time steps per batch; the last batch of an epoch may be shorter.
        rank: which process this is.
        world_size: how many processes share the stream.
    """

    batch_sampler = None  # Lightning asks for it where it finds a `sampler`

    def __init__(
        self, tokens: Tensor, *, begin: int, rows: int, window: int, rank: int = 0, world_size: int = 1
    ) -> None:
        total = rows * world_size
        columns = -(-len(tokens) // total)
        missing = total * columns - len(tokens)
        mine = slice(rank * rows, (rank + 1) * rows)
        inputs = torch.cat([tokens.new_tensor([begin]), tokens[:-1]])
        self.inputs = pad(inputs, (0, missing), value=begin).view(total, columns)[mine].clone()  # (B, n)
        self.targets = pad(tokens, (0, missing), value=IGNORE).view(total, columns)[mine].clone()  # (B, n)
        self.window = window
        self.epoch = 0
        self.position = 0  # batches of this epoch that were handed out
        self._resume: tuple[int, int] | None = None  # (epoch, position) read from a checkpoint and not used yet

    def __len__(self) -> int:
        """Batches in an epoch, the same on every process."""
        return -(-self.inputs.shape[1] // self.window)

    def __iter__(self) -> Iterator[SequenceBatch]:
        # Lightning asks for an iterator before it knows the epoch and may drop it unread; a generator decides where to
        # start when its first batch is asked for.
        start = self._start()
        opening = torch.ones(len(self.inputs), dtype=torch.bool)
        going_on = torch.zeros_like(opening)
        for index in range(start, len(self)):
            piece = slice(index * self.window, (index + 1) * self.window)
            self.position = index + 1  # before the yield: Lightning never asks beyond the last batch
            yield SequenceBatch(self.inputs[:, piece], self.targets[:, piece], opening if index == 0 else going_on)

    def _start(self) -> int:
        """The first batch to hand out: 0, or the saved position when it belongs to this very epoch."""
        resume, self._resume = self._resume, None
        return resume[1] % len(self) if resume is not None and resume[0] == self.epoch else 0

    @property
    def sampler(self) -> "StreamLoader":
        """Where Lightning looks for `set_epoch`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def state_dict(self) -> dict[str, int]:
        epoch, position = self._resume or (self.epoch, self.position)
        return {"epoch": epoch, "position": position, "batches": len(self)}

    def load_state_dict(self, state: dict[str, int]) -> None:
        if state["batches"] != len(self):
            raise InputError(
                f"checkpoint: expected {len(self)} batches in an epoch, got {state['batches']}; resume with the same "
                "text, batch_size, sequence_length and number of processes"
            )
        self._resume = (state["epoch"], state["position"])
