"""The base of every data set of whole sequences: text with a label, tagged text, series with a label.  T time."""

from typing import Any, ClassVar

from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from unrolled.data.sequences.row_batches import RowBatches
from unrolled.data.splits import Split, require_splits
from unrolled.errors import InputError


class RowData(RowBatches):
    """Sequences of unequal length, each a row of its own.  A data set overrides `fill` and `sizes`, `baselines`.

    After `setup()`: `inputs[split]`, of each sequence (T,) token ids or (T, F) numbers, and `labels[split]`, of each
    sequence a tensor: () its class, (L,) its labels, or (T,) the class of each step where `label_steps` says so.
    """

    baseline_metric: ClassVar[str] = "error_rate"  # the share of what is told wrongly
    fold_split: Split = "test"  # what a fold is held out as, where there are folds

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
                for place, row in enumerate(rows):
                    self.check_row(split, place, row)
            self.inputs = {split: [self.shorten(split, row) for row in rows] for split, rows in inputs.items()}
            rank_zero_info("%s: %s", type(self).__name__, "; ".join(map(self.told, self.inputs)))
        require_splits(self.owner, stage, {split: len(rows) for split, rows in self.inputs.items()})

    @property
    def labelled_in(self) -> str:
        """What an error about the classes names: the owner, or the column of the user's file."""
        return self.owner

    def called(self, split: Split, place: int) -> str:
        """What a message calls a sequence of a split."""
        return f"row {place + 1} of the {split} split"

    def check_row(self, split: Split, place: int, row: Tensor) -> None:
        """Refuse a sequence of no time step, or of too many."""
        if len(row) and not self.refuses(row):
            return
        told = "expected a time step or more, got none; leave it out"
        if len(row):
            advice = "raise data.init_args.max_length, or say over_long: truncate or chunk"
            told = f"expected at most {self.max_length} time steps, got {len(row)}; {advice}"
        raise InputError(f"{self.owner}: {self.called(split, place)}: {told}")

    def told(self, split: Split) -> str:
        """How many sequences a split has, how long they are, and how many were over-long."""
        if not (lengths := sorted(map(len, self.inputs[split]))):
            return f"{split} empty"
        told = f"{split} {len(lengths):,} of {lengths[0]} to {lengths[-1]} steps, median {lengths[len(lengths) // 2]}"
        if split == "train":
            told += f", {self.train_dataloader().padding():.0%} padding"
        done = {"truncate": "cut to", "chunk": "read in pieces of"}.get(self.over_long, "")
        return told + (f", {self.cut[split]:,} {done} {self.max_length}" if self.cut.get(split) else "")
