"""Base of all data sets of labelled sequences: checks, truncation, and loaders of padded batches.

T time steps of a sequence, F features, L labels.
"""

from typing import ClassVar, Literal

from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from unrolled.data.base import SequenceDataModule, Split, at_least
from unrolled.data.loaders.bucketed import BucketedLoader
from unrolled.data.splits import require_splits
from unrolled.errors import InputError
from unrolled.functional.batch import at_end

OverLong = Literal["error", "truncate", "chunk"]


class SequenceData(SequenceDataModule):
    """Sequences of unequal length, each padded to the longest of its batch.

    A data set overrides `load_tensors`, `sizes` and `baselines`.

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

    label_steps: ClassVar[bool] = False
    baseline_metric: ClassVar[str] = "error_rate"

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
        raise NotImplementedError(f"{type(self).__name__} does not define load_tensors()")

    @property
    def label_source(self) -> str:
        """The name of the data set, or the label column of the user's file, for messages."""
        return self.owner

    def describe(self, split: Split, index: int) -> str:
        """Sequence number `index` of a split, for messages."""
        return f"row {index + 1} of the {split} split"

    def setup(self, stage: str | None = None) -> None:
        """Load and encode the sequences once.

        Raises:
            InputError: arguments or data that cannot be trained on.
        """
        self.check_arguments()
        if not self.inputs:
            inputs, self.labels = self.load_tensors()
            for split, rows in inputs.items():
                for index, row in enumerate(rows):
                    self.check_length(split, index, row)
            self.inputs = {split: [self.truncate(split, row) for row in rows] for split, rows in inputs.items()}
            rank_zero_info("%s: %s", type(self).__name__, "; ".join(map(self.summary, self.inputs)))
        require_splits(self.owner, stage, {split: len(rows) for split, rows in self.inputs.items()})

    def check_arguments(self) -> None:
        """Raise InputError for arguments that are wrong for any data."""
        at_least(1, batch_size=self.batch_size, eval_batch_size=self.eval_batch_size, max_length=self.max_length)
        if self.over_long not in ("error", "truncate", "chunk"):
            raise InputError(f"data.init_args.over_long: expected error, truncate or chunk, got {self.over_long!r}")
        if self.over_long != "error" and self.max_length is None:
            raise InputError(
                f"data.init_args.max_length: expected a number of time steps with over_long {self.over_long}, got null"
            )

    def check_length(self, split: Split, index: int, row: Tensor) -> None:
        """Raise InputError for an empty sequence, and for an over-long one with `over_long: error`."""
        where = f"{self.owner}: {self.describe(split, index)}"
        if not len(row):
            raise InputError(f"{where}: expected at least one time step, got none; remove it")
        if self.is_refused(row):
            advice = "raise data.init_args.max_length, or set over_long to truncate or chunk"
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
        text = f"{split} {len(lengths):,} of {lengths[0]} to {lengths[-1]} steps, median {lengths[len(lengths) // 2]}"
        if split == "train":
            text += f", {self.train_dataloader().padding():.0%} padding"
        if over_long := self.num_over_long.get(split):
            action = {"truncate": "truncated to", "chunk": "split into chunks of"}[self.over_long]
            text += f", {over_long:,} {action} {self.max_length}"
        return text

    def train_dataloader(self) -> BucketedLoader:
        return self._loader("train", self.batch_size, self.seed)

    def val_dataloader(self) -> BucketedLoader:
        return self._loader("valid", self.eval_batch_size)

    def test_dataloader(self) -> BucketedLoader:
        return self._loader("test", self.eval_batch_size)

    def _loader(self, split: Split, rows: int, shuffle: int | None = None) -> BucketedLoader:
        return BucketedLoader(
            self.inputs[split],
            self.targets(split),
            rows=rows,
            shuffle=shuffle,
            chunk=self.max_length if self.over_long == "chunk" else None,
            rank=self.process.rank,
            world_size=self.process.world_size,
        )
