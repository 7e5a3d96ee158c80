"""No example in two parts, none lost, groups whole."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unrolled.data.base import check_fractions
from unrolled.data.sequences.holdout import HoldoutData
from unrolled.data.splits import check_fold, split_groups
from unrolled.errors import InputError

GROUPS = st.lists(st.sampled_from("abcdefghijklmnop"), min_size=1, max_size=60)


def whole_and_disjoint(groups, parts):
    assert sorted(number for part in parts for number in part) == list(range(len(groups)))
    homes = [{groups[number] for number in part} for part in parts]
    assert all(not a & b for i, a in enumerate(homes) for b in homes[:i])


@given(GROUPS, st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.5, 0.0), (1.0, 0.0, 0.0)]), st.integers(0, 9))
def test_parts_are_disjoint_by_group_and_lose_nothing(groups, shares, seed):
    parts = split_groups(groups, shares, seed)
    whole_and_disjoint(groups, parts)
    assert all(not part for part, share in zip(parts, shares, strict=True) if share == 0)
    assert parts == split_groups(groups, shares, seed)


def test_shares_are_kept_where_every_example_is_a_group():
    parts = split_groups([str(number) for number in range(1000)], (0.7, 0.2, 0.1), 1)
    assert [len(part) for part in parts] == [700, 200, 100]
    assert parts != split_groups([str(number) for number in range(1000)], (0.7, 0.2, 0.1), 2)
    assert max(parts[2]) > 900 and min(parts[2]) < 100  # shuffled


class Grouped(HoldoutData):
    """Examples that are (number, group)."""

    def groups_of(self, examples):
        return [group for _, group in examples]


def leaves_one_empty(pooled, data, own):
    """Whether a fold, or a split that is dealt from the others, gets nothing."""
    folds = split_groups([group for _, group in pooled], [1 / data.folds] * data.folds, data.seed)
    rest = [pooled[place][1] for fold in folds[: data.fold] + folds[data.fold + 1 :] for place in fold]
    shares = [1.0] if own else [0.8, 0.2]  # with a part of its own the fold is the other one
    return not all(folds) or not all(split_groups(rest, shares, data.seed))


@given(
    GROUPS.map(lambda groups: [*"abcdefghijklmnop", *groups]),
    st.integers(2, 6),
    st.integers(0, 9),
    st.sampled_from([(), ("valid",), ("test",), ("valid", "test")]),
)
def test_the_folds_are_held_out_in_turn(groups, folds, seed, own):
    """As the test, or as validation where there is a test already; no group in two splits of what is dealt."""
    numbered = [*enumerate(groups)]
    given = {name: [(-place, f"own {name}")] for place, name in enumerate(own, 1)}
    held = []
    for fold in range(folds):
        data = Grouped(folds=folds, fold=fold, valid_fraction=0.2, seed=seed)
        try:
            found = data.split({"train": numbered, **given})
        except InputError:  # one group is so large that it leaves nothing for another part
            assert leaves_one_empty(numbered + (given.get("valid", []) if "test" in own else []), data, own)
            assume(False)
        whole = [*numbered, *(example for part in given.values() for example in part)]
        assert sorted(example for part in found.values() for example in part) == sorted(whole)
        homes = [{group for _, group in part} for part in found.values()]
        assert all(not a & b for i, a in enumerate(homes) for b in homes[:i])
        assert data.fold_split == ("valid" if "test" in own else "test")
        kept = [name for name in own if name != data.fold_split]
        assert all(found[name] == given[name] for name in kept)
        held += found[data.fold_split]
    pooled = numbered + (given.get("valid", []) if "test" in own else [])
    assert sorted(held) == sorted(pooled)


@pytest.mark.parametrize(
    ("groups", "arguments", "message"),
    [
        ("abcd", {"folds": 5}, "in each of 5 folds, got 4 rows; set data.init_args.folds to 4 at most, or add more"),
        ("aabbcc", {"folds": 4}, "4 folds, got 6 rows (3 groups); set data.init_args.folds to 3 at most, or add more"),
        ("aaaa", {"folds": 2, "fold": 1}, "in each of 2 folds, got 4 rows (1 group); add more"),
        ("aaaaaaaabc", {"folds": 3, "seed": 4}, " empty; lower data.init_args.folds, or choose another data.init_args"),
        (
            "aaab",
            {},
            "expected at least one example in the valid split, 0.1 of 4 rows (2 groups), got none; add more, or ",
        ),
        (
            "ab",
            {"valid_fraction": 0.9, "test_fraction": 0.0},
            "at least one example in the train split, 0.1 of 2 rows, got none",
        ),
        ("abc", {"valid_fraction": 0.4}, "at least one example in the test split, 0.1 of 3 rows, got none; add more"),
    ],
    ids=str,
)
def test_too_few_examples_or_groups_are_refused_with_their_number(groups, arguments, message):
    with pytest.raises(InputError, match=f"^Grouped: .*{re.escape(message)}") as caught:
        Grouped(**arguments).split({"train": [*enumerate(groups)]})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fold", range(4))
def test_as_many_folds_as_examples_can_be(fold):
    found = Grouped(folds=4, fold=fold, valid_fraction=0.4).split({"train": [*enumerate("abcd")]})
    assert [len(part) for part in found.values()] == [2, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-0.1, 0.1, 0, 0), r"valid_fraction: expected a fraction in \[0, 1\), got -0.1"),
        ((0.1, 1.0, 0, 0), "test_fraction: .* got 1.0"),
        ((0.1, float("nan"), 0, 0), "test_fraction: .* got nan"),
        ((0.5, 0.5, 0, 0), "less than 1, got 1; nothing is left"),
        ((0.1, 0.1, 1, 0), "got folds 1 and fold 0"),
        ((0.1, 0.1, 5, 5), "got folds 5 and fold 5"),
        ((0.1, 0.1, 0, 1), "got folds 0 and fold 1"),
    ],
)
def test_shares_that_leave_nothing_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        check_fractions(*arguments[:2])
        check_fold(*arguments[2:])
