"""Ask a trained run for the class of new texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from unrolled.config import catalog
from unrolled.data.files.tables import DELIMITER_ADVICE, has_wrong_delimiter, is_table, join_names, read_table
from unrolled.data.files.text import is_blank, read_lines, require_file
from unrolled.data.sequences.labelled_text import LabelledText
from unrolled.data.tokens.tokenizer import warn_unknown
from unrolled.errors import InputError
from unrolled.functional.batch import at_end, pad_rows
from unrolled.runs.restore import read_recipe, restore
from unrolled.suggestions import nearest
from unrolled.tasks import SequenceClassification

ROWS = 100  # texts that are read at once


class Prediction(NamedTuple):
    """What a run says of one text; of nothing but blanks it says nothing."""

    text: str
    told: str  # the likeliest class; of several labels, those that are more likely than not
    probabilities: dict[str, float]  # of each class, by name; nan of blanks


def predict(folder: Path, texts: Sequence[str], checkpoint: Path | None = None) -> list[Prediction]:
    """The class of each text, with the probability of each class, by the run's best checkpoint.

    Warns where a text has no token that the run knows.

    Raises:
        InputError: no run, one that does not tell classes of texts, no checkpoint, a text without a token that is not
            blank, or an over-long one where the run refuses them.
    """
    recipe = read_recipe(folder)
    trained, name = next(iter(recipe["task"])), recipe["data"]["class_path"]
    found: Any = catalog.find("data", name)
    if not issubclass(catalog.find("tasks", trained), SequenceClassification) or not issubclass(found, LabelledText):
        raise InputError(f"{folder}: expected a run that tells classes of texts, got one of {trained} on {name}")
    task: Any
    task, saved = restore(folder, checkpoint)
    data = found(**recipe["data"]["init_args"])
    data.load_state_dict(saved[found.__qualname__])
    rows = {}
    for place, text in enumerate(texts):
        try:
            if not is_blank(text):
                row = data.encode(text)
                refuse_over_long(data, row)
                rows[place] = data.truncate("test", row)
        except InputError as error:
            raise InputError(f"text {place + 1}: {error}") from error
    warn_unknown(str(folder), "texts", [*rows.values()], "what is told of them is a guess")
    likely = torch.full((len(texts), len(data.classes)), torch.nan)
    places = [*rows]
    for part in (places[begin : begin + ROWS] for begin in range(0, len(places), ROWS)):
        batch = pad_rows([rows[place] for place in part], [at_end(torch.tensor(0), len(rows[place])) for place in part])
        likely[part] = task.probabilities(batch).cpu()
    return [_prediction(text, row, data) for text, row in zip(texts, likely, strict=True)]


def refuse_over_long(data: LabelledText, row: torch.Tensor) -> None:
    """Raises InputError: a text (T,) is longer than those that the run was trained on may be."""
    if data.is_refused(row):
        told = f"expected at most {data.max_length} time steps, as the run reads no more, got {len(row)}"
        advice = "shorten it, or train a run with data.init_args.over_long: truncate"
        raise InputError(f"{told}; {advice}")


def read_texts(folder: Path, file: Path) -> list[str]:
    """The texts of a file: of a CSV or TSV table the column that the run's own has them in, else a text a line.

    Raises:
        InputError: no such file, one that is not UTF-8, or a table without that column.
    """
    require_file(file, "--file")
    if not is_table(file):
        return read_lines(file)
    column = read_recipe(folder)["data"]["init_args"].get("text_column", "text")
    rows = read_table(file)
    if column not in rows[0]:
        near = nearest(column, list(rows[0]))
        advice = f"did you mean {near}? Rename it" if near else "rename one"
        told = f"expected a column {column!r}, as the run's texts have it, got {join_names(rows[0])}"
        advice = (
            DELIMITER_ADVICE
            if has_wrong_delimiter(file, rows[0])
            else f"{advice}, or give a .txt file with a text a line"
        )
        raise InputError(f"{file}: {told}; {advice}")
    return [row[column] for row in rows]


def _prediction(text: str, row: torch.Tensor, data: LabelledText) -> Prediction:
    """Of one text with the probabilities `row` (C,)."""
    by_name = dict(zip(data.classes, row.tolist(), strict=True))
    if is_blank(text):
        return Prediction(text, "", by_name)
    if data.separator is None:
        return Prediction(text, max(by_name, key=lambda name: by_name[name]), by_name)
    return Prediction(text, data.separator.join(name for name in by_name if by_name[name] > 0.5), by_name)
