"""The user's own texts with labels."""

from pathlib import Path
from typing import Any

from unrolled.data.files.tables import read_table, require_columns, require_filled, row_labels
from unrolled.data.sequences.labelled_text import Example, LabelledText
from unrolled.data.sequences.user_table import UserTable
from unrolled.data.splits import Split
from unrolled.errors import InputError


class TextTable(UserTable, LabelledText):
    """A CSV or TSV file (UTF-8, with a header), one text and its label, or its labels, a row.

    Args:
        path: the file.
        text_column: the column that holds the text.
        label_column: the column that holds its label.
        label_separator: the sign between the labels of a row, which then has any number of them, for a task with output
            sigmoid; null: each row has one.
        language_column: the column of the text's language, by which results are then also told; null: there is none.
        split_column: the column that says train, valid or test; null: the rows are dealt by the fractions.
        group_column: rows of one group, say of one author, lie in one split, as rows of the same text do in any case.
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
            raise InputError("data.init_args.label_separator: expected a sign between labels, or null, got ''")

    def load(self) -> dict[Split, list[Example]]:
        path = Path(self.path)
        names = ("text_column", "label_column", "language_column", "split_column", "group_column")
        rows = read_table(path)
        require_columns(path, rows[0], {name: getattr(self, name) for name in names})
        read = [{**row, self.text_column: self.read(row[self.text_column])} for row in rows]
        require_filled(path, read, self.text_column)
        if self.separator is None:  # else a row may have no label
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

    def describe(self, split: Split, place: int) -> str:
        row = self.where[split][place]
        return f"row {row_labels(Path(self.path), int(row))} ({split} split)" if row else super().describe(split, place)
