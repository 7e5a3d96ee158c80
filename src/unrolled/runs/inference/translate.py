"""Translate sentences with a trained run."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unrolled.config import catalog
from unrolled.data.files.text import decode_utf8, lines_of, read_lines, require_file
from unrolled.data.tokens.tokenizer import warn_unknown
from unrolled.data.translation.pair_vocabulary import PairVocabularies
from unrolled.data.translation.sentences import prepare
from unrolled.errors import InputError
from unrolled.functional.translation import pair_batch, up_to_end
from unrolled.runs.restore import read_recipe, restore
from unrolled.tasks import Translation

BATCH_SIZE = 64  # sentences per batch


def translate(
    folder: Path, sentences: Sequence[str], width: int = 5, alpha: float = 1.0, checkpoint: Path | None = None
) -> list[str]:
    """Translate each sentence by beam search with the run's best checkpoint; empty sentences stay empty.

    Warns about sentences without any known token.

    Args:
        folder: the run folder.
        sentences: raw text; prepared in the same way as the training data.
        width: beam width; 1 is greedy.
        alpha: exponent of the length penalty.
        checkpoint: a checkpoint to use instead of the best one.

    Raises:
        InputError: no run, a run of another task, no checkpoint, a width below 1 or a negative penalty.
    """
    if width < 1 or not 0 <= alpha < math.inf:
        expected = "a --beam of 1 or more and a --length_penalty of 0 or more"
        raise InputError(f"command line: expected {expected}, got {width} and {alpha}")
    recipe = read_recipe(folder)
    if not issubclass(catalog.find("tasks", trained := next(iter(recipe["task"]))), Translation):
        raise InputError(f"{folder}: expected a run of Translation, got one of {trained}; give a run that translates")
    task: Any
    task, saved = restore(folder, checkpoint)
    data_state = saved[recipe["data"]["class_path"]]
    source, target = PairVocabularies.from_state(data_state)
    prepared = [prepare(sentence, **data_state["written"]) for sentence in sentences]
    translations = [""] * len(prepared)
    places = sorted((p for p, sentence in enumerate(prepared) if sentence), key=lambda p: len(prepared[p]))
    numbers = {place: source.encode(prepared[place]) for place in places}
    warn_unknown(str(folder), "sentences", [*numbers.values()], "their translations are guesses")
    for first in range(0, len(places), BATCH_SIZE):
        chosen = places[first : first + BATCH_SIZE]
        encoded = [numbers[place] for place in chosen]
        batch = pair_batch(encoded, encoded)  # only the sources are used
        found = task.translate(batch.source.to(task.device), batch.source_lengths.to(task.device), width, alpha)
        for place, ids in zip(chosen, up_to_end(found.ids), strict=True):
            translations[place] = target.write(ids)
    return translations


def read_sentences(path: Path | None) -> list[str]:
    """The lines of a UTF-8 file, or of standard input."""
    if path is None:
        return lines_of(decode_utf8("standard input", sys.stdin.buffer.read()))
    require_file(path, "--file")
    return read_lines(path)
