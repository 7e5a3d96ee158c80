"""The base of every data set of whole sequences: text with a label, tagged text, series with a label.  T time."""

from typing import Any, ClassVar, Literal

import pytorch_lightning as pl
from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from unrolled.data.row_loader import RowLoader
from unrolled.data.splits import Split, require_splits
from unrolled.errors import InputError
from unrolled.functional.batch import at_end

OverLong = Literal["error", "truncate", "chunk"]


class RowData(pl.LightningDataModule):
    """Sequences of unequal length, each a row of its own.  A data set overrides `fill` and `sizes`, `baselines`.

    After `setup()`: `inputs[split]`, of each sequence (T,) token ids or (T, F) numbers, and `labels[split]`, of each
    sequence a tensor: () its class, (L,) its labels, or (T,) the class of each step where `label_steps` says so.

    Args:
        batch_size: rows of a training batch, per process.
        eval_batch_size: rows of a validation or test batch, per process.
        max_length: time steps from which on a sequence is over-long; null: none is.
        over_long: what is done then.  error: refuse; truncate: keep the first max_length steps; chunk: read max_length
            steps a batch and go on in the next batches, which in training needs the strategy CarriedState.
        seed: of the splits, where the data set has none, and of the order of training rows.
    """

    baseline_metric: ClassVar[str] = "error_rate"  # the share of what is told wrongly
    label_steps: ClassVar[bool] = False
    fold_split: Split = "test"  # what a fold is held out as, where there are folds

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

    def fill(self) -> tuple[dict[Split, list[Tensor]], dict[Split, list[Tensor]]]:
        """The inputs and the labels of each split, [] for one that does not exist; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it holds")

    def sizes(self) -> dict[str, Any]:
        """What a task must know of this data to be built, by the name of the task's argument."""
        raise NotImplementedError(f"{type(self).__name__} does not say its sizes")

    def baselines(self, split: str) -> dict[str, float]:
        """What is reached without a network, by name, as `baseline_metric`."""
        raise NotImplementedError(f"{type(self).__name__} has no baselines")

    def setup(self, stage: str | None = None) -> None:
        """Read and number the sequences once; refuse what cannot be trained on before the first step."""
        self.check_arguments()
        if not self.inputs:
            inputs, self.labels = self.fill()
            for split, rows in inputs.items():
                if empty := [number for number, row in enumerate(rows, 1) if not len(row)]:
                    told = f"row {empty[0]} of the {split} split: expected a time step or more, got none"
                    raise InputError(f"{type(self).__name__}: {told}; leave it out")
            self.inputs = {split: [self.shorten(split, row) for row in rows] for split, rows in inputs.items()}
            rank_zero_info("%s: %s", type(self).__name__, "; ".join(map(self.told, self.inputs)))
        require_splits(self, stage, {split: len(rows) for split, rows in self.inputs.items()})

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

    def shorten(self, split: Split, row: Tensor) -> Tensor:
        """A sequence as `over_long` wants it, counted."""
        if self.max_length is None or len(row) <= self.max_length:
            return row
        self.cut[split] = self.cut.get(split, 0) + 1
        if self.over_long == "error":
            raise InputError(
                f"{type(self).__name__}: expected at most {self.max_length} time steps, got a sequence of {len(row)} "
                f"in the {split} split; raise data.init_args.max_length, or say over_long: truncate or chunk"
            )
        return row[: self.max_length] if self.over_long == "truncate" else row

    def told(self, split: Split) -> str:
        """How many sequences a split has, how long they are, and how many were over-long."""
        if not (lengths := sorted(map(len, self.inputs[split]))):
            return f"{split} empty"
        told = f"{split} {len(lengths):,} of {lengths[0]} to {lengths[-1]} steps, median {lengths[len(lengths) // 2]}"
        if split == "train":
            told += f", {self.train_dataloader().padding():.0%} padding"
        done = {"truncate": "cut to", "chunk": "read in pieces of"}.get(self.over_long, "")
        return told + (f", {self.cut[split]:,} {done} {self.max_length}" if self.cut.get(split) else "")

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
