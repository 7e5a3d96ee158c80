"""The user's own pairs, whatever file they stand in."""

from typing import Any

from unrolled.data.splits import Split
from unrolled.data.translation.pair_data import PairData
from unrolled.data.translation.sentences import Pair, split_by_source
from unrolled.errors import InputError


class UserPairs(PairData):
    """Which split a pair is in is decided by its source sentence.  A data set overrides `read` alone.

    Args:
        valid_fraction: about which share of the source sentences is for validation, in (0, 1).
        test_fraction: about which share of them is for the test, in (0, 1).
    """

    def __init__(self, *, valid_fraction: float = 0.05, test_fraction: float = 0.05, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.valid_fraction, self.test_fraction = valid_fraction, test_fraction

    def read(self) -> list[Pair]:
        """Every pair, in the order of the file; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not say where its pairs are")

    def check_arguments(self) -> None:
        super().check_arguments()
        valid, test = self.valid_fraction, self.test_fraction
        if not (valid > 0 and test > 0 and valid + test < 1):
            raise InputError(
                "data.init_args.valid_fraction, test_fraction: expected shares above 0, below 1 together, got "
                f"{valid} and {test}"
            )

    def load(self) -> dict[Split, list[Pair]]:
        return split_by_source(self.read(), self.valid_fraction, self.test_fraction)
