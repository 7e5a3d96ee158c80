"""The user's own pairs: a table with a column for each language."""

import csv
from pathlib import Path
from typing import Any

from unrolled.data.files.tables import csv_rows, join_names
from unrolled.data.files.text import is_blank
from unrolled.data.translation.sentences import Pair
from unrolled.data.translation.user_pairs import UserPairs
from unrolled.errors import InputError


class PairTable(UserPairs):
    """A UTF-8 table whose first line names its columns.

    Args:
        path: the file.
        source: the column that is translated.
        target: the column with the translations.
        separator: what stands between two columns.
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
        places = [self._column(header, key) for key in ("source", "target")]
        for line, row in rows:
            where = f"{self.path}, line {line}"
            if len(row) != len(header):
                told = f"expected {len(header)} columns as in its first line, got {len(row)}"
                raise InputError(f"{where}: {told}; correct the line")
            pair = row[places[0]].strip(), row[places[1]].strip()
            if any(map(is_blank, pair)):
                empty = header[places[0 if is_blank(pair[0]) else 1]]
                told = f"expected a sentence in each column, {empty} is empty"
                raise InputError(f"{where}: {told}; fill it, or delete the line")
            pairs.append(pair)
        return pairs

    def _column(self, header: list[str], key: str) -> int:
        name = getattr(self, key)
        if name not in header:
            given = f"expected a column of {self.path} ({join_names(header)}), got {name!r}"
            raise InputError(f"data.init_args.{key}: {given}; name one, or set data.init_args.separator")
        return header.index(name)
