"""Base of all synthetic data sets: each batch is generated from a seed when it is requested; nothing is stored.

B batch (sequences of this process), T time, F input features, O output features.
"""

from typing import Any

import torch
from torch import Tensor

from unrolled.data.base import SequenceDataModule, Split, at_least
from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.generators import generator


class SyntheticLoader(ResumableLoader):
    """The batches of a split on process `rank`."""

    length_depends_on = "data.init_args.batches"

    def __init__(self, data: "SyntheticData", split: Split, rank: int = 0) -> None:
        super().__init__()
        self.data, self.split, self.rank = data, split, rank

    def __len__(self) -> int:
        return self.data.batches if self.split == "train" else self.data.eval_batches

    def batch(self, index: int) -> SequenceBatch:
        rows, epoch = (self.data.eval_batch_size, 0) if self.split != "train" else (self.data.batch_size, self.epoch)
        random = generator(self.data.seed, self.split, epoch, index, self.rank)
        inputs, targets = self.data.draw_split(self.split, rows, random)
        return SequenceBatch(inputs, targets, self.data.resets(rows, inputs.shape[1], index))


class SyntheticData(SequenceDataModule):
    """Sequences generated from a seed.  A data set overrides `draw`, `sizes` and `baselines`.

    Batch i of epoch e on process r is a pure function of (seed, split, e, i, r): each training epoch has new sequences,
    validation and test always have the same.  It does not depend on the seed of the run (weights, dropout), so runs
    with different seeds train on the same sequences.

    Args:
        batch_size: sequences of a training batch, per process.
        batches: training batches per epoch.
        eval_batch_size: sequences of a validation or test batch, per process.
        eval_batches: number of validation batches, and of test batches.
        seed: random seed of the sequences.
    """

    def __init__(
        self,
        *,
        batch_size: int = 32,
        batches: int = 100,
        eval_batch_size: int = 100,
        eval_batches: int = 10,
        seed: int = 1,
    ) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.batches = batches
        self.eval_batch_size = eval_batch_size
        self.eval_batches = eval_batches
        self.seed = seed

    def draw(self, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Inputs and targets of `rows` sequences, in the form of `SequenceBatch`."""
        raise NotImplementedError(f"{type(self).__name__} does not define draw()")

    def draw_split(self, split: Split, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """`draw` for a given split; by default the same for all splits."""
        return self.draw(rows, random)

    def baselines(self, split: str = "test") -> dict[str, float]:
        """Losses reached without learning, by name, in closed form; the same on every split."""
        raise NotImplementedError(f"{type(self).__name__} does not define baselines()")

    def resets(self, rows: int, length: int, index: int) -> Tensor:
        """(B, T) bool: where a new sequence starts in batch `index`; by default at the first step of each row."""
        return (torch.arange(length) == 0).repeat(rows, 1)

    def setup(self, stage: str | None = None) -> None:
        """Check the arguments; there is nothing to load."""
        self.check_arguments()

    def check_arguments(self) -> None:
        at_least(
            1,
            batch_size=self.batch_size,
            batches=self.batches,
            eval_batch_size=self.eval_batch_size,
            eval_batches=self.eval_batches,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if state_dict["sizes"] != self.sizes():
            raise InputError(
                f"checkpoint: it was trained on data of {_format_sizes(state_dict['sizes'])}, this data has "
                f"{_format_sizes(self.sizes())}; use the arguments of the saved run"
            )

    def train_dataloader(self) -> SyntheticLoader:
        return self._loader("train")

    def val_dataloader(self) -> SyntheticLoader:
        return self._loader("valid")

    def test_dataloader(self) -> SyntheticLoader:
        return self._loader("test")

    def _loader(self, split: Split) -> SyntheticLoader:
        return SyntheticLoader(self, split, self.process.rank)


def _format_sizes(sizes: dict[str, Any]) -> str:
    return ", ".join(f"{name} {size}" for name, size in sizes.items())
