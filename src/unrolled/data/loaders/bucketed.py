"""Whole sequences of unequal length -> padded batches, the rows of each of about the same length.

    G = rows per process * processes: sequences of one batch over all processes; N sequences are ceil(N / G) groups
    process p holds rows p, p + processes, ... of each group

B batch (rows of this process), N sequences, T time (steps of the longest sequence in the group).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.functional.batch import IGNORE, SequenceBatch, pad_rows
from unrolled.functional.generators import generator

POOL = 32  # groups that are sorted by length together: more of them mean less padding, and rows that meet more often


class BucketedLoader(ResumableLoader):
    """Each sequence exactly once an epoch; which ones share a batch is a function of seed and epoch alone.

    In training the sequences are shuffled, sorted by length within pools of 32 groups, cut into groups, and the groups
    shuffled.  Else they are sorted by length: what is measured depends on no order.  A group that has too few rows for
    every process gives the others one row of one step without a target.

    Args:
        inputs: of each sequence (T_i,) token ids, or (T_i, F) numbers.
        targets: of each sequence (T_i,) or (T_i, O), in the form of `SequenceBatch`; `at_end` makes them of labels.
        rows: B, per process.
        shuffle: the seed of the order, in training; None: sorted by length, the same in each epoch.
        chunk: the most time steps of a batch; the longer sequences of a group go on in the batches behind it, in rows
            that are not fresh there.  The groups are then the same in each epoch, and only their order changes.
        rank: which process this is.
        world_size: how many processes share the sequences.
    """

    length_depends_on = "data, batch_size, over_long and number of processes"

    def __init__(
        self,
        inputs: Sequence[Tensor],
        targets: Sequence[Tensor],
        *,
        rows: int,
        shuffle: int | None = None,
        chunk: int | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__()
        self.inputs, self.targets = inputs, targets
        self.shuffle, self.chunk, self.rank, self.world_size = shuffle, chunk, rank, world_size
        self.size = rows * world_size
        self.lengths = torch.tensor([len(sequence) for sequence in inputs])
        self._plan: tuple[int, list[tuple[list[int], int]]] | None = None  # an epoch, and its batches
        self._count = len(self.plan(0))

    def __len__(self) -> int:
        """Batches in an epoch, the same on every process and in every epoch."""
        return self._count

    def plan(self, epoch: int) -> list[tuple[list[int], int]]:
        """The batches of an epoch: which sequences, and from which time step on."""
        if self._plan is None or self._plan[0] != epoch:
            made = [(group, begin) for group in self._groups(epoch) for begin in self._starts(group)]
            self._plan = (epoch, made)
        return self._plan[1]

    def batch(self, index: int) -> SequenceBatch:
        group, begin = self.plan(self.epoch)[index]
        longest = int(self.lengths[group].max())
        piece = slice(begin, longest if self.chunk is None else min(begin + self.chunk, longest))
        mine = group[self.rank :: self.world_size]
        if not mine:
            batch = pad_rows([self.inputs[group[0]][:1]], [self._no_target()], longest)
        else:
            batch = pad_rows([self.inputs[i] for i in mine], [self.targets[i] for i in mine], longest)
        return SequenceBatch(*(part[:, piece] for part in batch))

    @property
    def spans_batches(self) -> bool:
        """Whether a sequence is read in several batches."""
        return self.chunk is not None and int(self.lengths.max()) > self.chunk

    def padding(self) -> float:
        """The share of an epoch's steps that is padding."""
        steps = sum(len(group) * int(self.lengths[group].max()) for group in self._groups(0))
        return 1 - int(self.lengths.sum()) / steps

    def _groups(self, epoch: int) -> list[list[int]]:
        if self.shuffle is None or self.chunk is not None:
            order = self.lengths.argsort(stable=True)
        else:
            drawn = torch.randperm(len(self.lengths), generator=generator(self.shuffle, "rows", epoch))
            pools = drawn.split(POOL * self.size)
            order = torch.cat([pool[self.lengths[pool].argsort(stable=True)] for pool in pools])
        groups: list[list[int]] = [group.tolist() for group in order.split(self.size)]
        if self.shuffle is None:
            return groups
        places = torch.randperm(len(groups), generator=generator(self.shuffle, "groups", epoch))
        return [groups[place] for place in places.tolist()]

    def _starts(self, group: list[int]) -> range:
        longest = int(self.lengths[group].max())
        return range(0, longest, self.chunk or longest)

    def _no_target(self) -> Tensor:
        """No target at one step."""
        like = self.targets[0]
        return torch.full_like(like[:1], float("nan") if like.is_floating_point() else IGNORE)
