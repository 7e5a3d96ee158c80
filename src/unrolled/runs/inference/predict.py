"""Classify new texts with a trained run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from unrolled.config import catalog
from unrolled.data.files.tables import REPARTED, in_one, is_table, read_table, shown
from unrolled.data.files.text import blank, read_lines, require_file
from unrolled.data.sequences.labelled_text import LabelledText
from unrolled.data.tokens.tokenizer import warn_of_unknown
from unrolled.errors import InputError
from unrolled.functional.batch import at_end, pad_rows
from unrolled.runs.restore import read_recipe, restore
from unrolled.suggestions import nearest
from unrolled.tasks import SequenceClassification

BATCH_SIZE = 100  # texts per batch


class Prediction(NamedTuple):
    """The prediction for one text; a blank text gets no class."""

    text: str
    label: str  # the most likely class; for multi-label data, all classes with a probability above 0.5; "" if blank
    probabilities: dict[str, float]  # by class; nan for a blank text


def predict(folder: Path, texts: Sequence[str], checkpoint: Path | None = None) -> list[Prediction]:
    """The class and class probabilities of each text, by the run's best checkpoint.

    Warns about texts without any known token.

    Raises:
        InputError: no run, a run that does not classify text, no checkpoint, a non-blank text without tokens, or an
            over-long text if the run refuses them.
    """
    recipe = read_recipe(folder)
    trained, name = next(iter(recipe["task"])), recipe["data"]["class_path"]
    found: Any = catalog.find("data", name)
    if not issubclass(catalog.find("tasks", trained), SequenceClassification) or not issubclass(found, LabelledText):
        raise InputError(f"{folder}: expected a run that classifies text, got one of {trained} on {name}")
    task: Any
    task, saved = restore(folder, checkpoint)
    data = found(**recipe["data"]["init_args"])
    data.load_state_dict(saved[found.__qualname__])
    rows = {}
    for place, text in enumerate(texts):
        try:
            if not blank(text):
                row = data.encode(text)
                refuse_over_long(data, row)
                rows[place] = data.shorten("test", row)
        except InputError as error:
            raise InputError(f"text {place + 1}: {error}") from error
    warn_of_unknown(str(folder), "texts", [*rows.values()], "their predictions are guesses")
    likely = torch.full((len(texts), len(data.classes)), torch.nan)
    places = [*rows]
    for part in (places[begin : begin + BATCH_SIZE] for begin in range(0, len(places), BATCH_SIZE)):
        batch = pad_rows([rows[place] for place in part], [at_end(torch.tensor(0), len(rows[place])) for place in part])
        likely[part] = task.probabilities(batch).cpu()
    return [_prediction(text, row, data) for text, row in zip(texts, likely, strict=True)]


def refuse_over_long(data: LabelledText, row: torch.Tensor) -> None:
    """Raises InputError: a text (T,) is longer than the run's `max_length`."""
    if data.refuses(row):
        message = f"expected at most {data.max_length} time steps (the run's limit), got {len(row)}"
        advice = "shorten it, or train a run with data.init_args.over_long: truncate"
        raise InputError(f"{message}; {advice}")


def read_texts(folder: Path, file: Path) -> list[str]:
    """The texts of a file: the run's text column of a CSV or TSV table, else one text per line.

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
        message = f"expected the run's text column {column!r}, got {shown(rows[0])}"
        advice = REPARTED if in_one(file, rows[0]) else f"{advice}, or give a .txt file with one text per line"
        raise InputError(f"{file}: {message}; {advice}")
    return [row[column] for row in rows]


def _prediction(text: str, row: torch.Tensor, data: LabelledText) -> Prediction:
    """The prediction for one text with class probabilities `row` (C,)."""
    by_name = dict(zip(data.classes, row.tolist(), strict=True))
    if blank(text):
        return Prediction(text, "", by_name)
    if data.separator is None:
        return Prediction(text, max(by_name, key=lambda name: by_name[name]), by_name)
    return Prediction(text, data.separator.join(name for name in by_name if by_name[name] > 0.5), by_name)
