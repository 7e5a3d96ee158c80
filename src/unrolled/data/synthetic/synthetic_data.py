"""The base of every generated data set: nothing is stored, each batch is drawn when it is asked for.

B batch (rows of this process), T time, F input features, O output features.
"""

from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
from torch import Tensor

from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.data.splits import Split
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.generators import generator


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
        return SequenceBatch(inputs, targets, self.data.resets(rows, inputs.shape[1], index))


class SyntheticData(pl.LightningDataModule):
    """Sequences drawn from a seed.  A generator overrides `draw`, `sizes` and `baselines`.

    Batch i of epoch e on process r is a pure function of (seed, split, e, i, r): training reads new rows in each epoch,
    validation and test the same ones each time.  The seed of a run, for weights and dropout, plays no part in it, so
    that runs of several seeds read the same rows.

    Args:
        batch_size: rows of a training batch, per process.
        batches: training batches of an epoch.
        eval_batch_size: rows of a validation or test batch, per process.
        eval_batches: validation batches, and as many test batches.
        seed: of the rows.
    """

    label_steps: ClassVar[bool | None] = None  # whether each step has a class; None: the last one, as the sequence's

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
        raise NotImplementedError

    def draw_split(self, split: Split, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """`draw` for one split.  Here: alike for all of them."""
        return self.draw(rows, random)

    def sizes(self) -> dict[str, Any]:
        """What a task must know of this data to be built, by the name of the task's argument."""
        raise NotImplementedError

    def baselines(self, split: str = "test") -> dict[str, float]:
        """What is reached without learning, in closed form and the same on every split: losses by name."""
        raise NotImplementedError

    def resets(self, rows: int, length: int, index: int) -> Tensor:
        """(B, T) bool: where the rows of batch `index` start anew.  Here: each at its first step."""
        return (torch.arange(length) == 0).repeat(rows, 1)

    def setup(self, stage: str | None = None) -> None:
        self.check_arguments()

    def check_arguments(self) -> None:
        """Refuse arguments that no sequence could satisfy."""
        self.at_least(1, "batch_size", "batches", "eval_batch_size", "eval_batches")

    def at_least(self, low: int, *names: str) -> None:
        for name in names:
            if (value := getattr(self, name)) < low:
                raise InputError(f"data.init_args.{name}: expected {low} or more, got {value}")

    def state_dict(self) -> dict[str, Any]:
        """The sizes go with the weights, which fit no others."""
        return {"sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if state_dict["sizes"] != self.sizes():
            raise InputError(
                f"checkpoint: it was trained on data of {_told(state_dict['sizes'])}, this data has "
                f"{_told(self.sizes())}; use the arguments of the saved run"
            )

    def train_dataloader(self) -> SyntheticLoader:
        return self._loader("train")

    def val_dataloader(self) -> SyntheticLoader:
        return self._loader("valid")

    def test_dataloader(self) -> SyntheticLoader:
        return self._loader("test")

    def _loader(self, split: Split) -> SyntheticLoader:
        return SyntheticLoader(self, split, self.trainer.global_rank if self.trainer else 0)


def _told(sizes: dict[str, Any]) -> str:
    return ", ".join(f"{name} {size}" for name, size in sizes.items())
