"""No example in two parts, none lost, groups whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.split_rows import SplitRows
from unrolled.data.splits import check_shares, deal
from unrolled.errors import InputError

GROUPS = st.lists(st.sampled_from("abcdefghijklmnop"), min_size=1, max_size=60)


def whole_and_disjoint(groups, parts):
    assert sorted(number for part in parts for number in part) == list(range(len(groups)))
    homes = [{groups[number] for number in part} for part in parts]
    assert all(not a & b for i, a in enumerate(homes) for b in homes[:i])


@given(GROUPS, st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.5, 0.0), (1.0, 0.0, 0.0)]), st.integers(0, 9))
def test_parts_are_disjoint_by_group_and_lose_nothing(groups, shares, seed):
    parts = deal(groups, shares, seed)
    whole_and_disjoint(groups, parts)
    assert all(not part for part, share in zip(parts, shares, strict=True) if share == 0)
    assert parts == deal(groups, shares, seed)


def test_shares_are_kept_where_every_example_is_a_group():
    parts = deal([str(number) for number in range(1000)], (0.7, 0.2, 0.1), 1)
    assert [len(part) for part in parts] == [700, 200, 100]
    assert parts != deal([str(number) for number in range(1000)], (0.7, 0.2, 0.1), 2)
    assert max(parts[2]) > 900 and min(parts[2]) < 100  # shuffled


class Grouped(SplitRows):
    """Examples that are (number, group)."""

    def deal(self, examples, shares):
        parts = deal([group for _, group in examples], shares, self.seed)
        return [[examples[place] for place in part] for part in parts]


@given(GROUPS, st.integers(2, 6), st.integers(0, 9), st.sampled_from([(), ("valid",), ("test",), ("valid", "test")]))
def test_the_folds_are_held_out_in_turn(groups, folds, seed, own):
    """As the test, or as validation where there is a test already; no group in two splits of what is dealt."""
    numbered = [*enumerate(groups)]
    given = {name: [(-place, f"own {name}")] for place, name in enumerate(own, 1)}
    held = []
    for fold in range(folds):
        data = Grouped(folds=folds, fold=fold, valid_fraction=0.2, seed=seed)
        found = data.split({"train": numbered, **given})
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
        check_shares(*arguments)
