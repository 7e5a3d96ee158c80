"""What counts as a word of a text with a label."""

import re

WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")  # don't is one word, and each mark is one


def spaced(text: str, lower_case: bool) -> str:
    """The words and marks of a text with one blank between them; a text that is spaced stays as it is."""
    return " ".join(WORD.findall(text.lower() if lower_case else text))
