"""What counts as a word of a text with a label."""

import re
from unicodedata import category

WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")  # don't is one word, and each mark is one
UNSEEN = ("Cc", "Cf")  # Unicode's control and format characters, such as a space of no width


def spaced(text: str, lower_case: bool) -> str:
    """The words and marks of a text with one blank between them; a text that is spaced stays as it is."""
    return " ".join(WORD.findall(text.lower() if lower_case else text))


def blank(text: str) -> bool:
    """Whether nothing is to be seen of a text."""
    return all(sign.isspace() or category(sign) in UNSEEN for sign in text)
