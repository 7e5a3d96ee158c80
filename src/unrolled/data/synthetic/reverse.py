"""A string of numbers, and the same from its end to its start."""

from typing import Any

import torch

from unrolled.data.splits import Split
from unrolled.data.translation.pair_data import PairData
from unrolled.data.translation.sentences import Pair
from unrolled.errors import InputError
from unrolled.functional.generators import generator


class Reverse(PairData):
    """Each sentence is a string of 1 to `longest_string` symbols, its translation the string reversed.

    A decoder without attention has to keep all of it in one state; with attention it learns to look from the end to the
    start.  Strings are drawn from a seed, each length and each symbol as likely as any other.  Source: the toy task of
    Joey NMT (Kreutzer, Bastings & Riezler 2019), 50 symbols, up to 25 of them, 40,000 training strings.

    Args:
        symbols: how many different ones there are.
        shortest_string: symbols of a string at least.
        longest_string: symbols of a string at most.
        train_pairs: strings to train on.
        eval_pairs: strings to validate on, and as many to test on.
        seed: of the strings.
    """

    def __init__(
        self,
        *,
        symbols: int = 50,
        shortest_string: int = 1,
        longest_string: int = 25,
        train_pairs: int = 40000,
        eval_pairs: int = 1000,
        seed: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.symbols, self.shortest_string, self.longest_string = symbols, shortest_string, longest_string
        self.train_pairs, self.eval_pairs, self.seed = train_pairs, eval_pairs, seed

    def check_arguments(self) -> None:
        super().check_arguments()
        for name in ("symbols", "shortest_string", "train_pairs", "eval_pairs"):
            if (value := getattr(self, name)) < 1:
                raise InputError(f"data.init_args.{name}: expected 1 or more, got {value}")
        if self.longest_string < self.shortest_string:
            given = f"{self.longest_string} and {self.shortest_string}"
            raise InputError(f"data.init_args.longest_string: expected at least shortest_string, got {given}")

    def load(self) -> dict[Split, list[Pair]]:
        counts: dict[Split, int] = {"train": self.train_pairs, "valid": self.eval_pairs, "test": self.eval_pairs}
        return {name: self.draw(count, generator(self.seed, name)) for name, count in counts.items()}

    def draw(self, count: int, random: torch.Generator) -> list[Pair]:
        """So many strings and what they are backwards."""
        lengths = torch.randint(self.shortest_string, self.longest_string + 1, (count,), generator=random).tolist()
        drawn = torch.randint(self.symbols, (count, self.longest_string), generator=random).tolist()
        strings = [[str(s) for s in row[:length]] for row, length in zip(drawn, lengths, strict=True)]
        return [(" ".join(string), " ".join(string[::-1])) for string in strings]
