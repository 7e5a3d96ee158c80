"""Base of all data sets of labelled sequences: classes, tags or series labels.  T time steps of a sequence, F features.

A data set overrides `fill`, `sizes` and `baselines`.  This class checks the sequences, truncates over-long ones and
builds the loaders of padded batches.
"""

from typing import Any, ClassVar, Literal

import pytorch_lightning as pl
from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from unrolled.data.loaders.bucketed import BucketedLoader
from unrolled.data.splits import Split, require_splits
from unrolled.errors import InputError
from unrolled.functional.batch import at_end

OverLong = Literal["error", "truncate", "chunk"]


class SequenceData(pl.LightningDataModule):
    """Sequences of unequal length, each padded to the longest of its batch.

    After `setup()`: `inputs[split]`, a list of (T,) token ids or (T, F) numbers, and `labels[split]`, a list of
    tensors: () a class, (L,) several labels, or, with `label_steps`, (T,) the class of each step.

    Args:
        batch_size: sequences of a training batch, per process.
        eval_batch_size: sequences of a validation or test batch, per process.
        max_length: maximum number of time steps; longer sequences are over-long.  null: no maximum.
        over_long: what to do with over-long sequences.  error: refuse them; truncate: keep the first max_length steps;
            chunk: split them into batches of max_length steps each, which in training needs the strategy CarriedState.
        seed: random seed of the order of the training sequences, and of the splits if the data set has none.
    """

    label_steps: ClassVar[bool] = False  # whether each step of a sequence has its class
    baseline_metric: ClassVar[str] = "error_rate"  # the metric of `baselines`
    fold_split: Split = "test"  # the split that holds the held-out fold, in cross-validation

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
        self.num_over_long: dict[Split, int] = {}  # number of over-long sequences of each split

    def load_tensors(self) -> tuple[dict[Split, list[Tensor]], dict[Split, list[Tensor]]]:
        """The inputs and the labels of each split, [] for a split that does not exist; called once."""
        raise NotImplementedError(f"{type(self).__name__} must define fill()")

    def sizes(self) -> dict[str, Any]:
        """The arguments of a task that depend on the data, such as `vocabulary_size`, by name."""
        raise NotImplementedError(f"{type(self).__name__} must define sizes()")

    def baselines(self, split: str) -> dict[str, float]:
        """`baseline_metric` of each model without a network, by name."""
        raise NotImplementedError(f"{type(self).__name__} must define baselines()")

    @property
    def owner(self) -> str:
        """The name of the data set, or the path of the user's file, for messages."""
        return type(self).__name__

    @property
    def label_source(self) -> str:
        """The name of the data set, or the label column of the user's file, for messages."""
        return self.owner

    def describe(self, split: Split, place: int) -> str:
        """Sequence number `place` of a split, for messages."""
        return f"row {place + 1} of the {split} split"

    def setup(self, stage: str | None = None) -> None:
        """Load and encode the sequences once.

        Raises:
            InputError: arguments or data that cannot be trained on.
        """
        self.check_arguments()
        if not self.inputs:
            inputs, self.labels = self.load_tensors()
            for split, rows in inputs.items():
                for place, row in enumerate(rows):
                    self.check_length(split, place, row)
            self.inputs = {split: [self.truncate(split, row) for row in rows] for split, rows in inputs.items()}
            rank_zero_info("%s: %s", type(self).__name__, "; ".join(map(self.summary, self.inputs)))
        require_splits(self.owner, stage, {split: len(rows) for split, rows in self.inputs.items()})

    def check_arguments(self) -> None:
        """Raise InputError for arguments that are wrong for any data."""
        for name in ("batch_size", "eval_batch_size", *(["max_length"] if self.max_length is not None else [])):
            if (value := getattr(self, name)) < 1:
                raise InputError(f"data.init_args.{name}: expected 1 or more, got {value}")
        if self.over_long not in ("error", "truncate", "chunk"):
            raise InputError(f"data.init_args.over_long: expected error, truncate or chunk, got {self.over_long!r}")
        if self.over_long != "error" and self.max_length is None:
            raise InputError(
                f"data.init_args.max_length: expected time steps, for over_long {self.over_long}, got null"
            )

    def check_length(self, split: Split, place: int, row: Tensor) -> None:
        """Raise InputError for an empty sequence, and for an over-long one with `over_long: error`."""
        where = f"{self.owner}: {self.describe(split, place)}"
        if not len(row):
            raise InputError(f"{where}: expected a time step or more, got none; leave it out")
        if self.is_refused(row):
            advice = "raise data.init_args.max_length, or say over_long: truncate or chunk"
            raise InputError(f"{where}: expected at most {self.max_length} time steps, got {len(row)}; {advice}")

    def is_refused(self, row: Tensor) -> bool:
        """Whether a sequence is over-long with `over_long: error`."""
        return self.over_long == "error" and self.max_length is not None and len(row) > self.max_length

    def truncate(self, split: Split, row: Tensor) -> Tensor:
        """Count a sequence if it is over-long; with `over_long: truncate`, its first `max_length` steps."""
        if self.max_length is None or len(row) <= self.max_length:
            return row
        self.num_over_long[split] = self.num_over_long.get(split, 0) + 1
        return row[: self.max_length] if self.over_long == "truncate" else row

    def targets(self, split: Split) -> list[Tensor]:
        """The targets of each sequence, in the form of `SequenceBatch`: (T,), or (T, L) for several labels."""
        pairs = zip(self.inputs[split], self.labels[split], strict=True)
        if self.label_steps:
            return [label[: len(row)] for row, label in pairs]
        return [at_end(label, len(row)) for row, label in pairs]

    def summary(self, split: Split) -> str:
        """The number of sequences of a split, their lengths, and the number of over-long ones, for the log."""
        if not (lengths := sorted(map(len, self.inputs[split]))):
            return f"{split} empty"
        told = f"{split} {len(lengths):,} of {lengths[0]} to {lengths[-1]} steps, median {lengths[len(lengths) // 2]}"
        if split == "train":
            told += f", {self.train_dataloader().padding():.0%} padding"
        done = {"truncate": "cut to", "chunk": "read in pieces of"}.get(self.over_long, "")
        return told + (
            f", {self.num_over_long[split]:,} {done} {self.max_length}" if self.num_over_long.get(split) else ""
        )

    def train_dataloader(self) -> BucketedLoader:
        return self._loader("train", self.batch_size, self.seed)

    def val_dataloader(self) -> BucketedLoader:
        return self._loader("valid", self.eval_batch_size)

    def test_dataloader(self) -> BucketedLoader:
        return self._loader("test", self.eval_batch_size)

    def _loader(self, split: Split, rows: int, shuffle: int | None = None) -> BucketedLoader:
        rank, world_size = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return BucketedLoader(
            self.inputs[split],
            self.targets(split),
            rows=rows,
            shuffle=shuffle,
            chunk=self.max_length if self.over_long == "chunk" else None,
            rank=rank,
            world_size=world_size,
        )
