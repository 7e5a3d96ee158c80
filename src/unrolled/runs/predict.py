"""Ask a trained run for the class of new texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from unrolled import catalog
from unrolled.data.labelled_text import LabelledText
from unrolled.data.text_file import read_text
from unrolled.errors import InputError
from unrolled.functional.batch import at_end, pad_rows
from unrolled.runs.restore import read_recipe, restore
from unrolled.tasks import SequenceClassification

ROWS = 100  # texts that are read at once


class Prediction(NamedTuple):
    """What a run says of one text."""

    text: str
    told: str  # the likeliest class; of several labels, those that are more likely than not
    probabilities: dict[str, float]  # of each class, by name


def predict(folder: Path, texts: Sequence[str], checkpoint: Path | None = None) -> list[Prediction]:
    """The class of each text, with the probability of each class, by the run's best checkpoint.

    Raises:
        InputError: no run, one that does not tell classes of texts, no checkpoint, or a text without a token.
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
    rows = []
    for number, text in enumerate(texts, 1):
        try:
            rows.append(data.shorten("test", data.encode(text)))
        except InputError as error:
            raise InputError(f"text {number}: {error}") from error
    likely: list[torch.Tensor] = []
    for begin in range(0, len(rows), ROWS):
        part = rows[begin : begin + ROWS]
        batch = pad_rows(part, [at_end(torch.tensor(0), len(row)) for row in part])
        likely += task.probabilities(batch).cpu()
    return [_prediction(text, row, data) for text, row in zip(texts, likely, strict=True)]


def _prediction(text: str, row: torch.Tensor, data: LabelledText) -> Prediction:
    """Of one text with the probabilities `row` (C,)."""
    by_name = dict(zip(data.classes, row.tolist(), strict=True))
    if data.separator is None:
        return Prediction(text, max(by_name, key=lambda name: by_name[name]), by_name)
    return Prediction(text, data.separator.join(name for name in by_name if by_name[name] > 0.5), by_name)


def lines(path: Path) -> list[str]:
    """The texts of a UTF-8 file, one a line; empty lines are left out."""
    return [line for line in read_text(path).splitlines() if line.strip()]
