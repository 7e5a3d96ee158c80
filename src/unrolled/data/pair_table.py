"""The user's own pairs: a table with a column for each language."""

import csv
from pathlib import Path
from typing import Any

from unrolled.data.pair_text import Pair, by_source, check_fractions
from unrolled.data.pairs import PairData
from unrolled.data.table_file import split_lines
from unrolled.data.text import Split
from unrolled.errors import InputError


class PairTable(PairData):
    """A UTF-8 table whose first line names its columns.  Which split a pair is in is decided by its source sentence.

    Args:
        path: the file.
        source: the column that is translated.
        target: the column with the translations.
        separator: what stands between two columns.
        valid_fraction: about which share of the source sentences is for validation, in (0, 1).
        test_fraction: about which share of them is for the test, in (0, 1).
    """

    def __init__(
        self,
        path: str,
        *,
        source: str = "source",
        target: str = "target",
        separator: str = "\t",
        valid_fraction: float = 0.05,
        test_fraction: float = 0.05,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path, self.source, self.target, self.separator = path, source, target, separator
        self.valid_fraction, self.test_fraction = valid_fraction, test_fraction

    def check_arguments(self) -> None:
        super().check_arguments()
        check_fractions(self.valid_fraction, self.test_fraction)
        if len(self.separator) != 1:
            raise InputError(f"data.init_args.separator: expected one character, got {self.separator!r}")

    def load(self) -> dict[Split, list[Pair]]:
        quoting = csv.QUOTE_NONE if self.separator == "\t" else csv.QUOTE_MINIMAL
        rows = split_lines(Path(self.path), delimiter=self.separator, quoting=quoting)
        (_, header), pairs = next(rows), []
        places = [self._column(header, key) for key in ("source", "target")]
        for line, row in rows:
            where = f"{self.path}, line {line}"
            if len(row) != len(header):
                told = f"expected {len(header)} columns as in its first line, got {len(row)}"
                raise InputError(f"{where}: {told}; correct the line")
            pair = row[places[0]].strip(), row[places[1]].strip()
            if not all(pair):
                empty = header[places[0 if not pair[0] else 1]]
                told = f"expected a sentence in each column, {empty} is empty"
                raise InputError(f"{where}: {told}; fill it, or delete the line")
            pairs.append(pair)
        return by_source(pairs, self.valid_fraction, self.test_fraction)

    def _column(self, header: list[str], key: str) -> int:
        name = getattr(self, key)
        if name not in header:
            given = f"expected a column of {self.path} ({', '.join(header)}), got {name!r}"
            raise InputError(f"data.init_args.{key}: {given}; name one, or set data.init_args.separator")
        return header.index(name)
