"""The reversal problem: translate a string of symbols into the reversed string."""

from typing import Any

import torch

from unrolled.data.base import Split, at_least
from unrolled.data.translation.pair_data import PairData
from unrolled.data.translation.sentences import Pair
from unrolled.errors import InputError
from unrolled.functional.generators import generator


class Reverse(PairData):
    """Each sentence is a string of random symbols; its translation is the reversed string.

    A decoder without attention must keep the full string in one state; with attention it learns to attend from the end
    to the start.  Lengths and symbols are uniformly distributed, generated from a seed.  Source: the toy task of
    Joey NMT (Kreutzer, Bastings & Riezler 2019), 50 symbols, up to 25 of them, 40,000 training strings.

    Args:
        symbols: number of distinct symbols.
        shortest_string: minimum number of symbols of a string.
        longest_string: maximum number of symbols of a string.
        train_pairs: number of training strings.
        eval_pairs: number of validation strings, and of test strings.
        seed: random seed of the strings.
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
        at_least(
            1,
            symbols=self.symbols,
            shortest_string=self.shortest_string,
            train_pairs=self.train_pairs,
            eval_pairs=self.eval_pairs,
        )
        if self.longest_string < self.shortest_string:
            given = f"{self.longest_string} and {self.shortest_string}"
            raise InputError(f"data.init_args.longest_string: expected at least shortest_string, got {given}")

    def load(self) -> dict[Split, list[Pair]]:
        counts: dict[Split, int] = {"train": self.train_pairs, "valid": self.eval_pairs, "test": self.eval_pairs}
        return {name: self.draw(count, generator(self.seed, name)) for name, count in counts.items()}

    def draw(self, count: int, random: torch.Generator) -> list[Pair]:
        """`count` strings and their reversals."""
        lengths = torch.randint(self.shortest_string, self.longest_string + 1, (count,), generator=random).tolist()
        drawn = torch.randint(self.symbols, (count, self.longest_string), generator=random).tolist()
        strings = [[str(s) for s in row[:length]] for row, length in zip(drawn, lengths, strict=True)]
        return [(" ".join(string), " ".join(string[::-1])) for string in strings]
