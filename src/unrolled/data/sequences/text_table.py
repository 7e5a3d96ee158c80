"""Labelled texts from a CSV or TSV file."""

from pathlib import Path
from typing import Any

from unrolled.data.base import Split
from unrolled.data.files.tables import read_table, require_columns, require_filled, row_labels
from unrolled.data.sequences.holdout import UserTable
from unrolled.data.sequences.labelled_text import Example, LabelledText
from unrolled.errors import InputError


class TextTable(UserTable, LabelledText):
    """A CSV or TSV file (UTF-8, with a header) with a text and its label or labels in each row.

    Args:
        path: the file.
        text_column: the column of the text.
        label_column: the column of the label.
        label_separator: the text between the labels of a row, which may then have any number of labels, for a task with
            output sigmoid; null: each row has one label.
        language_column: the column of the language of the text; results are then also reported by language.  null:
            none.
        split_column: the column with train, valid or test; null: random splits by the fractions.
        group_column: the column of the group, such as the author; rows of a group are in the same split, as are rows
            with the same text.  null: none.
    """

    def __init__(
        self,
        path: str,
        *,
        text_column: str = "text",
        label_column: str = "label",
        label_separator: str | None = None,
        language_column: str | None = None,
        split_column: str | None = None,
        group_column: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.text_column, self.label_column = text_column, label_column
        self.separator, self.language_column = label_separator, language_column
        self.split_column, self.group_column = split_column, group_column

    def check_arguments(self) -> None:
        super().check_arguments()
        if self.separator == "":
            raise InputError("data.init_args.label_separator: expected the text between two labels, or null, got ''")

    def load(self) -> dict[Split, list[Example]]:
        path = Path(self.path)
        names = ("text_column", "label_column", "language_column", "split_column", "group_column")
        rows = read_table(path)
        require_columns(path, rows[0], {name: getattr(self, name) for name in names})
        read = [{**row, self.text_column: self.read(row[self.text_column])} for row in rows]
        require_filled(path, read, self.text_column)
        if self.separator is None:  # otherwise a row may have no label
            require_filled(path, rows, self.label_column)
        if self.language_column is not None:
            require_filled(path, rows, self.language_column)
        self.check_splits(rows)
        splits: dict[Split, list[Example]] = {"train": []}
        for number, row in enumerate(rows, 1):
            group, language = (row[name].strip() if name else "" for name in (self.group_column, self.language_column))
            example = Example(row[self.text_column], row[self.label_column].strip(), group, language, str(number))
            splits.setdefault(self.split_of(row), []).append(example)
        return splits

    def describe(self, split: Split, index: int) -> str:
        row = self.where[split][index]
        return f"row {row_labels(Path(self.path), int(row))} ({split} split)" if row else super().describe(split, index)
