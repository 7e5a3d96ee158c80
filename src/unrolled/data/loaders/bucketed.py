"""Bucketed batches: full sequences of unequal length, batched by similar length and padded.

    G = rows per process * processes: sequences of one batch over all processes; N sequences make ceil(N / G) groups
    process p gets sequences p, p + processes, ... of each group

B batch (sequences of this process), N sequences, T time (steps of the longest sequence of the group).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.functional.batch import IGNORE, SequenceBatch, pad_rows
from unrolled.functional.generators import generator

POOL = 32  # groups sorted by length together; a larger pool means less padding, and less random batches


class BucketedLoader(ResumableLoader):
    """Each sequence exactly once per epoch; the batches depend on the seed and the epoch only.

    For training, the sequences are shuffled, sorted by length within pools of 32 groups and cut into groups, and the
    groups are shuffled.  For evaluation, they are sorted by length.  If a group has fewer sequences than there are
    processes, the other processes get one sequence of one step without a target.

    Args:
        inputs: N tensors: (T_i,) token ids, or (T_i, F) numbers.
        targets: N tensors (T_i,) or (T_i, O), in the form of `SequenceBatch`; `at_end` makes them from labels.
        rows: B, sequences of a batch per process.
        shuffle: random seed of the order, for training; None: sorted by length, the same in each epoch.
        chunk: maximum number of time steps of a batch; longer sequences continue in the next batches, without a reset.
            The groups are then the same in each epoch; only their order changes.  None: full sequences.
        rank: the rank of this process.
        world_size: the number of processes.
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
        """Batches per epoch, the same on every process and in every epoch."""
        return self._count

    def plan(self, epoch: int) -> list[tuple[list[int], int]]:
        """The batches of an epoch: the indices of the sequences, and the first time step."""
        if self._plan is None or self._plan[0] != epoch:
            batches = [(group, start) for group in self._groups(epoch) for start in self._starts(group)]
            self._plan = (epoch, batches)
        return self._plan[1]

    def batch(self, index: int) -> SequenceBatch:
        group, start = self.plan(self.epoch)[index]
        longest = int(self.lengths[group].max())
        steps = slice(start, longest if self.chunk is None else min(start + self.chunk, longest))
        mine = group[self.rank :: self.world_size]
        if not mine:
            batch = pad_rows([self.inputs[group[0]][:1]], [self._no_target()], longest)
        else:
            batch = pad_rows([self.inputs[i] for i in mine], [self.targets[i] for i in mine], longest)
        return SequenceBatch(*(part[:, steps] for part in batch))

    @property
    def spans_batches(self) -> bool:
        """Whether some sequence continues in a second batch."""
        return self.chunk is not None and int(self.lengths.max()) > self.chunk

    def padding(self) -> float:
        """The fraction of the time steps of an epoch that is padding."""
        steps = sum(len(group) * int(self.lengths[group].max()) for group in self._groups(0))
        return 1 - int(self.lengths.sum()) / steps

    def _groups(self, epoch: int) -> list[list[int]]:
        if self.shuffle is None or self.chunk is not None:
            order = self.lengths.argsort(stable=True)
        else:
            shuffled = torch.randperm(len(self.lengths), generator=generator(self.shuffle, "rows", epoch))
            pools = shuffled.split(POOL * self.size)
            order = torch.cat([pool[self.lengths[pool].argsort(stable=True)] for pool in pools])
        groups: list[list[int]] = [group.tolist() for group in order.split(self.size)]
        if self.shuffle is None:
            return groups
        permutation = torch.randperm(len(groups), generator=generator(self.shuffle, "groups", epoch))
        return [groups[position] for position in permutation.tolist()]

    def _starts(self, group: list[int]) -> range:
        longest = int(self.lengths[group].max())
        return range(0, longest, self.chunk or longest)

    def _no_target(self) -> Tensor:
        """(1,) or (1, O): the target of a step without one."""
        like = self.targets[0]
        return torch.full_like(like[:1], float("nan") if like.is_floating_point() else IGNORE)
