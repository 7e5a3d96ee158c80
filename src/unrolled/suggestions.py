"""Suggestions ("Did you mean ...?") for names that do not exist."""

import inspect
from collections.abc import Collection
from difflib import SequenceMatcher, get_close_matches

from unrolled.errors import UnknownArgument

FEW = 15  # most names listed in one line
LONG = 80  # most characters of a value in an error message


def nearest(word: str, choices: Collection[str]) -> str | None:
    """The closest choice, or None; dotted keys may match by their last part alone."""
    last = word.rpartition(".")[2]
    same = [choice for choice in choices if choice.rpartition(".")[2].lower() == last.lower()]
    if same:
        return max(same, key=lambda choice: SequenceMatcher(None, word, choice).ratio())
    longer = [choice for choice in choices if choice.rpartition(".")[2].lower().startswith(f"{last.lower()}_")]
    if longer:  # `time` for `time_column`
        return min(longer, key=len)
    lowered = {choice.lower(): choice for choice in choices}
    for part in (word, last):
        if close := get_close_matches(part.lower(), lowered, n=1, cutoff=0.6):
            return lowered[close[0]]
    return None


def quoted(value: object) -> str:
    """The repr of a value, at most `LONG` characters of it."""
    text = repr(value)
    return text if len(text) <= LONG else f"{text[: LONG - 3]}..."


def expected(word: object, choices: Collection[str]) -> str:
    """`expected one of GRU, LSTM, RNN, got 'LSTN'. Did you mean LSTM?`"""
    choices = sorted(choices)
    near = nearest(str(word), choices)
    start = "unknown" if near and len(choices) > FEW else f"expected one of {', '.join(choices)}, got"
    return f"{start} {quoted(word)}." + (f" Did you mean {near}?" if near else "")


def check_keywords(cls: type, given: Collection[str]) -> None:
    """Check the keywords of a call `cls(**given)` against its `__init__` and those that it passes `**kwargs` on to.

    Raises:
        UnknownArgument: names `cls` and the nearest argument.
    """
    offered: list[str] = []
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = [*inspect.signature(vars(base)["__init__"]).parameters.values()][1:]
        offered += [one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
        if not any(one.kind is one.VAR_KEYWORD for one in parameters):
            break
    else:
        return  # any keyword may be passed on
    for name in given:
        if name not in offered:
            near = nearest(name, offered)
            hint = f"Did you mean {near}?" if near else f"Its arguments: {', '.join(offered)}."
            raise UnknownArgument(f"{cls.__name__} has no argument {name!r}. {hint}")
