"""Sentence pairs from a table with a column for each language."""

import csv
from pathlib import Path
from typing import Any

from unrolled.data.files.tables import csv_rows, join_names
from unrolled.data.files.text import is_blank
from unrolled.data.translation.sentences import Pair
from unrolled.data.translation.user_pairs import UserPairs
from unrolled.errors import InputError


class PairTable(UserPairs):
    """A UTF-8 table with a header.

    Args:
        path: the file.
        source: the column of the source sentences.
        target: the column of the translations.
        separator: the character between two columns.
    """

    def __init__(
        self,
        path: str,
        *,
        source: str = "source",
        target: str = "target",
        separator: str = "\t",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path, self.source, self.target, self.separator = path, source, target, separator

    def check_arguments(self) -> None:
        super().check_arguments()
        if len(self.separator) != 1:
            raise InputError(f"data.init_args.separator: expected one character, got {self.separator!r}")

    def read(self) -> list[Pair]:
        quoting = csv.QUOTE_NONE if self.separator == "\t" else csv.QUOTE_MINIMAL
        rows = csv_rows(Path(self.path), delimiter=self.separator, quoting=quoting)
        (_, header), pairs = next(rows), []
        columns = [self._column(header, argument) for argument in ("source", "target")]
        for line, row in rows:
            where = f"{self.path}, line {line}"
            if len(row) != len(header):
                problem = f"expected {len(header)} columns as in its first line, got {len(row)}"
                raise InputError(f"{where}: {problem}; correct the line")
            pair = row[columns[0]].strip(), row[columns[1]].strip()
            if any(map(is_blank, pair)):
                empty = header[columns[0 if is_blank(pair[0]) else 1]]
                problem = f"expected a sentence in each column, {empty} is empty"
                raise InputError(f"{where}: {problem}; fill it, or delete the line")
            pairs.append(pair)
        return pairs

    def _column(self, header: list[str], argument: str) -> int:
        """The index of the column that an argument names."""
        name = getattr(self, argument)
        if name not in header:
            problem = f"expected a column of {self.path} ({join_names(header)}), got {name!r}"
            raise InputError(f"data.init_args.{argument}: {problem}; name one, or set data.init_args.separator")
        return header.index(name)
