"""Which pairs are short enough, and what is done with the others."""

from typing import Literal

from unrolled.data.tokens.vocabulary import Level
from unrolled.data.translation.pair_vocabulary import split
from unrolled.data.translation.sentences import Pair
from unrolled.errors import InputError

EMPTY = "the split has none; give more, or raise data.init_args.valid_fraction or test_fraction"
OverLong = Literal["leave_out", "error"]


def short_enough(told: str, pairs: list[Pair], level: Level, longest: int | None, over_long: OverLong) -> list[Pair]:
    """The pairs of whose sides none has more than `longest` words, or characters at that level.

    Args:
        told: which pairs they are, for messages.
        pairs: prepared sentences and their translations.
        level: what a token is.
        longest: None: all are short enough.
        over_long: leave_out or error.

    Raises:
        InputError: an over-long pair that is not to be left out, or no pair that is left.
    """
    kept = [pair for pair in pairs if longest is None or all(len(split(side, level)) <= longest for side in pair)]
    lost = len(pairs) - len(kept)
    longer = f"{lost:,} of {len(pairs):,} are longer than {longest} {'characters' if level == 'character' else 'words'}"
    if lost and over_long == "error":
        advice = "raise data.init_args.longest, or say over_long: leave_out"
        raise InputError(f"{told}: expected no over-long pair, but {longer}; {advice}")
    if not kept:
        raise InputError(f"{told}: expected pairs, got none: {longer if pairs else EMPTY}")
    return kept
