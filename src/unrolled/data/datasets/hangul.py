"""Transliteration of Korean syllables, from the Unicode character names (no download)."""

import unicodedata
from typing import Any

import torch

from unrolled.data.base import Split
from unrolled.data.tokens.vocabulary import Level
from unrolled.data.translation.pair_data import PairData
from unrolled.data.translation.sentences import Pair
from unrolled.errors import InputError
from unrolled.functional.generators import generator

FIRST, COUNT = 0xAC00, 11172  # HANGUL SYLLABLE GA, and the number of syllables from it
NAME = "HANGUL SYLLABLE "


class HangulNames(PairData):
    """Pairs of the letters (jamo) of a syllable, two or three, and its name in Latin letters: ㅎㅏㄴ -> han.

    The held-out syllables are drawn at random, so a model must compose the name of each from its letters.

    Args:
        eval_pairs: number of validation syllables, and of test syllables.
        seed: random seed of the split.
        level: the unit of a token; only "character", a letter.
    """

    form = "NFD"  # decomposes a syllable into its letters

    def __init__(self, *, eval_pairs: int = 1000, seed: int = 1, level: Level = "character", **kwargs: Any) -> None:
        super().__init__(level=level, **kwargs)
        self.eval_pairs, self.seed = eval_pairs, seed

    def check_arguments(self) -> None:
        super().check_arguments()
        if self.level != "character":
            raise InputError(f"data.init_args.level: expected character, got {self.level}")
        if not 1 <= self.eval_pairs < COUNT // 2:
            raise InputError(f"data.init_args.eval_pairs: expected 1 to {COUNT // 2 - 1}, got {self.eval_pairs}")

    def load(self) -> dict[Split, list[Pair]]:
        pairs = [romanised(chr(FIRST + number)) for number in range(COUNT)]
        drawn = torch.randperm(COUNT, generator=generator(self.seed, "hangul")).tolist()
        test, valid, train = (
            drawn[: self.eval_pairs],
            drawn[self.eval_pairs :][: self.eval_pairs],
            drawn[2 * self.eval_pairs :],
        )
        parts: dict[Split, list[int]] = {"train": sorted(train), "valid": sorted(valid), "test": sorted(test)}
        return {name: [pairs[index] for index in part] for name, part in parts.items()}

    def baselines(self, split: Split) -> dict[str, list[str]]:
        """The name of a training syllable that differs in one letter, in the last one if possible."""
        names: dict[tuple[int, str], str] = {}
        for letters, name in self.texts["train"]:
            for key in _without_one(letters):
                names.setdefault(key, name)
        asked = [_without_one(letters) for letters, _ in self.texts[split]]
        return {"dictionary": [next((names[key] for key in keys if key in names), "") for keys in asked]}


def romanised(syllable: str) -> Pair:
    """The letters of a syllable, and its name in Latin letters."""
    return unicodedata.normalize("NFD", syllable), unicodedata.name(syllable).removeprefix(NAME).lower()


def _without_one(letters: str) -> list[tuple[int, str]]:
    """The letters (initial, vowel, final or none) without one of them, and its index; the last letter first."""
    padded = letters.ljust(3, "-")
    return [(index, padded[:index] + padded[index + 1 :]) for index in (2, 1, 0)]
