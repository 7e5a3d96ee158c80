"""The user's own texts with labels."""

from pathlib import Path
from typing import Any

from unrolled.data.labelled_text import Example, LabelledText
from unrolled.data.row_data import Split
from unrolled.data.table_file import Row, read_table, require_columns, require_filled
from unrolled.errors import InputError

SPLITS: dict[str, Split] = {"train": "train", "valid": "valid", "validation": "valid", "dev": "valid", "test": "test"}


class TextTable(LabelledText):
    """A CSV or TSV file (UTF-8, with a header), one text and its label a row.

    Args:
        path: the file.
        text_column: the column that holds the text.
        label_column: the column that holds its label.
        split_column: the column that says train, valid or test; null: the rows are dealt by the fractions.
        group_column: rows of one group, say of one author, lie in one split; null: rows of the same text do.
    """

    def __init__(
        self,
        path: str,
        *,
        text_column: str = "text",
        label_column: str = "label",
        split_column: str | None = None,
        group_column: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.text_column, self.label_column = text_column, label_column
        self.split_column, self.group_column = split_column, group_column

    def load(self) -> dict[Split, list[Example]]:
        path, names = Path(self.path), ("text_column", "label_column", "split_column", "group_column")
        rows = read_table(path)
        require_columns(path, rows[0], {name: getattr(self, name) for name in names})
        read = [{**row, self.text_column: self.read(row[self.text_column])} for row in rows]
        require_filled(path, read, self.text_column)
        require_filled(path, rows, self.label_column)
        splits: dict[Split, list[Example]] = {"train": []}
        for number, row in enumerate(rows, 1):
            group = row[self.group_column] if self.group_column else ""
            example = Example(row[self.text_column], row[self.label_column].strip(), group)
            splits.setdefault(self._split_of(path, number, row), []).append(example)
        return splits

    def _split_of(self, path: Path, number: int, row: Row) -> Split:
        if self.split_column is None:
            return "train"
        if (said := row[self.split_column].strip().lower()) not in SPLITS:
            told = f"row {number}: expected {', '.join(SPLITS)} in column {self.split_column!r}, got {said!r}"
            raise InputError(f"{path}: {told}; correct it")
        return SPLITS[said]
