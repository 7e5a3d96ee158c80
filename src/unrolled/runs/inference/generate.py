"""Generate text with a trained language model."""

from pathlib import Path
from typing import Any

import torch

from unrolled.config import catalog
from unrolled.data.tokens.tokenizer import AnyVocabulary, restore_vocabulary
from unrolled.errors import InputError
from unrolled.runs.restore import read_recipe, restore
from unrolled.tasks import LanguageModeling


def generate(
    folder: Path, prefix: str, length: int, temperature: float = 1.0, seed: int = 0, checkpoint: Path | None = None
) -> str:
    """Continue `prefix` by `length` tokens (characters, words or subwords) sampled from the run's best checkpoint.

    Raises:
        InputError: no run, one of another task, no checkpoint, a length below 1, or a temperature below 0.
    """
    if length < 1:
        raise InputError(f"--length: expected 1 token or more, got {length}")
    recipe = read_recipe(folder)
    if not issubclass(catalog.find("tasks", trained := next(iter(recipe["task"]))), LanguageModeling):
        message = f"expected a run of LanguageModeling, got one of {trained}; give a run that generates text"
        raise InputError(f"{folder}: {message}")
    task: Any
    task, saved = restore(folder, checkpoint)
    data = recipe["data"]["class_path"].rpartition(".")[2]
    torch.manual_seed(seed)
    return continue_text(task, restore_vocabulary(saved[data]), prefix, length, temperature)


def continue_text(task: Any, vocabulary: AnyVocabulary, prefix: str, length: int, temperature: float) -> str:
    """`length` sampled tokens as text that can be appended to `prefix`, which may be empty."""
    known = vocabulary.encode(prefix)
    begin = torch.cat([torch.tensor([vocabulary.begin]), known])
    sampled = task.generate(begin[None].to(task.device), length, temperature)[0].cpu()
    if vocabulary.level == "subword":  # the space before a word belongs to the word
        return vocabulary.decode(torch.cat([known, sampled]))[len(prefix) :]
    drawn = vocabulary.decode(sampled)
    needs_space = vocabulary.level == "word" and prefix and not prefix[-1].isspace() and not drawn.startswith("\n")
    return f" {drawn}" if needs_space else drawn
