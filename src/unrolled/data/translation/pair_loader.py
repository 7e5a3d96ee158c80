"""Batches of sentence pairs of similar length.  B batch (pairs of this process)."""

import torch
from torch import Tensor

from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.functional.generators import generator
from unrolled.functional.translation import TranslationBatch, pair_batch

POOL = 50  # batches whose pairs are sorted by length together: little padding, and still random


class PairLoader(ResumableLoader):
    """Each pair once per epoch, on one process; each batch has `rows` pairs, or one less.

    Args:
        pairs: token ids (S_i,) and (T_i,) of each pair.
        rows: maximum number of pairs of a batch, per process.
        shuffle: random seed of the order; None: sorted by length.
        rank: the rank of this process.
        world_size: the number of processes.
    """

    length_depends_on = "data.init_args.batch_size"

    def __init__(
        self,
        pairs: list[tuple[Tensor, Tensor]],
        rows: int,
        shuffle: int | None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__()
        self.pairs, self.rows, self.shuffle, self.rank, self.world_size = pairs, rows, shuffle, rank, world_size
        lengths = [len(source) + len(target) for source, target in pairs]
        self.lengths = torch.tensor(lengths)
        self.order: tuple[int, list[Tensor]] = (-1, [])  # an epoch, and the indices of the pairs of each batch

    def __len__(self) -> int:
        return -(-len(self.pairs) // (self.rows * self.world_size))

    def batch(self, index: int) -> TranslationBatch:  # type: ignore[override]
        if self.order[0] != self.epoch:
            self.order = self.epoch, self._batches()
        chosen = self.order[1][index * self.world_size + self.rank].tolist()
        sources, targets = zip(*(self.pairs[index] for index in chosen), strict=True)
        return pair_batch(sources, targets, chosen)

    def _batches(self) -> list[Tensor]:
        """The indices of the pairs of each batch of this epoch, over all processes."""
        if self.shuffle is None:
            return [*self.lengths.argsort(stable=True).tensor_split(len(self) * self.world_size)]
        random = generator(self.shuffle, "pairs", self.epoch)
        order = torch.randperm(len(self.pairs), generator=random)
        pools = [pool[self.lengths[pool].argsort(stable=True)] for pool in order.split(POOL * self.rows)]
        batches = torch.cat(pools).tensor_split(len(self) * self.world_size)
        return [batches[index] for index in torch.randperm(len(batches), generator=random)]
