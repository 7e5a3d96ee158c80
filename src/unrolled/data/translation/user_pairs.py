"""Base of the user's sentence pairs: splits by source sentence."""

from typing import Any

from unrolled.data.base import Split, check_fractions
from unrolled.data.translation.pair_data import PairData
from unrolled.data.translation.sentences import Pair, split_by_source


class UserPairs(PairData):
    """Sentence pairs split by a hash of the source sentence.  A data set overrides `read`.

    Args:
        valid_fraction: approximate fraction of the source sentences for validation, in (0, 1).
        test_fraction: approximate fraction of the source sentences for the test, in (0, 1).
    """

    def __init__(self, *, valid_fraction: float = 0.05, test_fraction: float = 0.05, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.valid_fraction, self.test_fraction = valid_fraction, test_fraction

    def read(self) -> list[Pair]:
        """All pairs, in the order of the file; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not define read()")

    def check_arguments(self) -> None:
        super().check_arguments()
        check_fractions(self.valid_fraction, self.test_fraction, positive=True)

    def load(self) -> dict[Split, list[Pair]]:
        return split_by_source(self.read(), self.valid_fraction, self.test_fraction)
