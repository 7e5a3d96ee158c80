"""Batches that are drawn when they are asked for."""

from typing import TYPE_CHECKING

from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.data.splits import Split
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.generators import generator

if TYPE_CHECKING:
    from unrolled.data.synthetic.synthetic_data import SyntheticData


class SyntheticLoader(ResumableLoader):
    """The batches of one split as process `rank` draws them."""

    counted_by = "data.init_args.batches"

    def __init__(self, data: "SyntheticData", split: Split, rank: int = 0) -> None:
        super().__init__()
        self.data, self.split, self.rank = data, split, rank

    def __len__(self) -> int:
        return self.data.batches if self.split == "train" else self.data.eval_batches

    def batch(self, index: int) -> SequenceBatch:
        rows, epoch = (self.data.eval_batch_size, 0) if self.split != "train" else (self.data.batch_size, self.epoch)
        random = generator(self.data.seed, self.split, epoch, index, self.rank)
        inputs, targets = self.data.draw_split(self.split, rows, random)
        return SequenceBatch(inputs, targets, self.data.fresh(rows, inputs.shape[1], index))
