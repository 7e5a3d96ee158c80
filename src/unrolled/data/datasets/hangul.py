"""Korean syllables and their Latin names, as Unicode has them: nothing is downloaded."""

import unicodedata
from typing import Any

import torch

from unrolled.data.splits import Split
from unrolled.data.tokens.vocabulary import Level
from unrolled.data.translation.pair_data import PairData
from unrolled.data.translation.sentences import Pair
from unrolled.errors import InputError
from unrolled.functional.generators import generator

FIRST, COUNT = 0xAC00, 11172  # HANGUL SYLLABLE GA, and how many syllables follow it
NAME = "HANGUL SYLLABLE "


class HangulNames(PairData):
    """The two or three letters (jamo) of a syllable, and the syllable's name in Latin letters: ㅎㅏㄴ -> han.

    Which syllables are held out is drawn from a seed, so that the name of each has to be put together from its letters.

    Args:
        eval_pairs: syllables to validate on, and as many to test on.
        seed: of the draw.
        level: what a token is: a letter, "character".
    """

    form = "NFD"  # a syllable is read as its letters

    def __init__(self, *, eval_pairs: int = 1000, seed: int = 1, level: Level = "character", **kwargs: Any) -> None:
        super().__init__(level=level, **kwargs)
        self.eval_pairs, self.seed = eval_pairs, seed

    def check_arguments(self) -> None:
        super().check_arguments()
        if self.level != "character":
            raise InputError(f"data.init_args.level: HangulNames are of characters, got {self.level}")
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
        held: dict[Split, list[int]] = {"train": sorted(train), "valid": sorted(valid), "test": sorted(test)}
        return {name: [pairs[place] for place in places] for name, places in held.items()}

    def baselines(self, part: Split) -> dict[str, list[str]]:
        """A dictionary of training syllables: the name of one with a single letter changed, the last if it can be."""
        names: dict[tuple[int, str], str] = {}
        for letters, name in self.texts["train"]:
            for key in _without_one(letters):
                names.setdefault(key, name)
        asked = [_without_one(letters) for letters, _ in self.texts[part]]
        return {"dictionary": [next((names[key] for key in keys if key in names), "") for keys in asked]}


def romanised(syllable: str) -> Pair:
    """A syllable's letters, and its name in Latin letters."""
    return unicodedata.normalize("NFD", syllable), unicodedata.name(syllable).removeprefix(NAME).lower()


def _without_one(letters: str) -> list[tuple[int, str]]:
    """A syllable's letters (initial, vowel, final or none) with one left out, and which: the last one first."""
    padded = letters.ljust(3, "-")
    return [(place, padded[:place] + padded[place + 1 :]) for place in (2, 1, 0)]
