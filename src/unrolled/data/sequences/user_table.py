"""The user's own table of labelled sequences: which split its rows are in, and what messages call it."""

from collections.abc import Sequence
from pathlib import Path

from unrolled.data.files.table_lines import rows_in
from unrolled.data.files.tables import Row
from unrolled.data.splits import Split
from unrolled.errors import InputError

SPLIT_WORDS: dict[str, Split] = {
    "train": "train",
    "valid": "valid",
    "validation": "valid",
    "dev": "valid",
    "test": "test",
}


class OwnRows:
    """What the tables of texts and of series have in common."""

    path: str
    label_column: str
    split_column: str | None

    @property
    def owner(self) -> str:
        return self.path

    @property
    def labelled_in(self) -> str:
        return f"{self.path}: column {self.label_column!r}"

    @property
    def unseen_advice(self) -> str:
        if self.split_column is None:
            return "give more rows of it, or another data.init_args.seed"
        return f"leave it out, or move it to train in column {self.split_column!r}"

    def check_splits(self, rows: Sequence[Row]) -> None:
        """Refuse a split column that says something else, or train nowhere."""
        if self.split_column is None:
            return
        said = [row[self.split_column].strip().lower() for row in rows]
        for number, word in enumerate(said, 1):
            if word not in SPLIT_WORDS:
                told = f"expected {', '.join(SPLIT_WORDS)} in column {self.split_column!r}, got {word!r}"
                raise InputError(f"{self.path}: row {rows_in(Path(self.path), number)}: {told}; correct it")
        if "train" not in said:
            told = f"expected train in a row or more, got only {', '.join(sorted({*said}))}"
            raise InputError(f"{self.path}: column {self.split_column!r}: {told}; say train in those to learn from")

    def split_of(self, row: Row) -> Split:
        """Without a split column they are all dealt from "train"."""
        return "train" if self.split_column is None else SPLIT_WORDS[row[self.split_column].strip().lower()]
