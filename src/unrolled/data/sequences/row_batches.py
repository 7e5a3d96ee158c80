"""How batches are drawn from whole sequences.  T time steps of one."""

from typing import ClassVar, Literal

import pytorch_lightning as pl
from torch import Tensor

from unrolled.data.loaders.bucketed import RowLoader
from unrolled.data.splits import Split
from unrolled.errors import InputError
from unrolled.functional.batch import at_end

OverLong = Literal["error", "truncate", "chunk"]


class RowBatches(pl.LightningDataModule):
    """Each sequence is a row, padded to the longest of its batch; one that is over-long is treated as it was asked.

    Args:
        batch_size: rows of a training batch, per process.
        eval_batch_size: rows of a validation or test batch, per process.
        max_length: time steps from which on a sequence is over-long; null: none is.
        over_long: what is done then.  error: refuse; truncate: keep the first max_length steps; chunk: read max_length
            steps a batch and go on in the next batches, which in training needs the strategy CarriedState.
        seed: of the splits, where the data set has none, and of the order of training rows.
    """

    label_steps: ClassVar[bool] = False  # whether each step of a sequence has a class of its own

    def __init__(
        self,
        *,
        batch_size: int = 32,
        eval_batch_size: int = 100,
        max_length: int | None = None,
        over_long: OverLong = "error",
        seed: int = 1,
    ) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.max_length = max_length
        self.over_long = over_long
        self.seed = seed
        self.inputs: dict[Split, list[Tensor]] = {}
        self.labels: dict[Split, list[Tensor]] = {}
        self.cut: dict[Split, int] = {}  # over-long sequences of each split

    @property
    def owner(self) -> str:
        """What an error about the sequences names: the data set, or the user's file."""
        return type(self).__name__

    def check_arguments(self) -> None:
        """Refuse arguments that no data could satisfy."""
        for name in ("batch_size", "eval_batch_size", *(["max_length"] if self.max_length is not None else [])):
            if (value := getattr(self, name)) < 1:
                raise InputError(f"data.init_args.{name}: expected 1 or more, got {value}")
        if self.over_long not in ("error", "truncate", "chunk"):
            raise InputError(f"data.init_args.over_long: expected error, truncate or chunk, got {self.over_long!r}")
        if self.over_long != "error" and self.max_length is None:
            raise InputError(
                f"data.init_args.max_length: expected time steps, for over_long {self.over_long}, got null"
            )

    def refuses(self, row: Tensor) -> bool:
        """Whether a sequence is over-long where none may be."""
        return self.over_long == "error" and self.max_length is not None and len(row) > self.max_length

    def shorten(self, split: Split, row: Tensor) -> Tensor:
        """A sequence as `over_long` wants it, counted."""
        if self.max_length is None or len(row) <= self.max_length:
            return row
        self.cut[split] = self.cut.get(split, 0) + 1
        return row[: self.max_length] if self.over_long == "truncate" else row

    def targets(self, split: Split) -> list[Tensor]:
        """The targets of each sequence, a step each."""
        pairs = zip(self.inputs[split], self.labels[split], strict=True)
        if self.label_steps:
            return [label[: len(row)] for row, label in pairs]
        return [at_end(label, len(row)) for row, label in pairs]

    def train_dataloader(self) -> RowLoader:
        return self._rows("train", self.batch_size, self.seed)

    def val_dataloader(self) -> RowLoader:
        return self._rows("valid", self.eval_batch_size)

    def test_dataloader(self) -> RowLoader:
        return self._rows("test", self.eval_batch_size)

    def _rows(self, split: Split, rows: int, shuffle: int | None = None) -> RowLoader:
        rank, world_size = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return RowLoader(
            self.inputs[split],
            self.targets(split),
            rows=rows,
            shuffle=shuffle,
            chunk=self.max_length if self.over_long == "chunk" else None,
            rank=rank,
            world_size=world_size,
        )
