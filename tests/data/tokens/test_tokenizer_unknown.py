"""Texts of which a vocabulary knows nothing are told with their share, whatever kind of data they stand in."""

import warnings

import pytest
import torch

from unrolled.data import PairTable, TextTable, TreebankTags
from unrolled.data.sequences.labelled_text import Example
from unrolled.data.tokens.tokenizer import warn_unknown
from unrolled.errors import InputWarning

KNOWN, STRANGE = ["a b", "b a"], ["c", "a", "d c", "b"]
MADE = {
    "labelled": (TextTable("unread"), lambda text: Example(text, "xy"[text.startswith("a")])),
    "tagged": (TreebankTags(), lambda text: [(word, "xy"[word == "a"]) for word in text.split()]),
    "pairs": (PairTable("unread"), lambda text: (text, text.replace("a", "b"))),
}


@pytest.mark.parametrize("kind", MADE)
def test_a_data_set_tells_of_each_split(kind):
    data, of = MADE[kind]
    held = [*map(of, STRANGE)] if kind != "labelled" else [Example(text, "x") for text in STRANGE]
    data.load = lambda: {"train": [*map(of, KNOWN)], "valid": held, "test": held[1:2]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data.setup("fit")
    told = [str(one.message) for one in caught if one.category is InputWarning]
    owner = "unread" if kind == "labelled" else type(data).__name__  # the user's own file, by its name
    start = f"{owner}: 2 of 4 texts of the valid split (50.0%) have no known token; raise data.init_args."
    assert len(told) == 1 and told[0].startswith(start) and "\n" not in told[0]


def test_one_known_token_is_enough_and_no_token_is_not_unknown():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_unknown("mine", "texts", [torch.tensor([0, 5]), torch.tensor([], dtype=torch.int64)], "look")
        warn_unknown("mine", "texts", [], "look")
    with pytest.warns(InputWarning, match=r"^mine: 1 of 3 texts \(33\.3%\) have no known token; look$"):
        warn_unknown("mine", "texts", [torch.tensor([0, 0]), torch.tensor([3]), torch.tensor([4])], "look")
