from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.splits import stratified_split

SHARES = [[0.8, 0.1, 0.1], [0.9, 0.1, 0.0], [0.25] * 4, [1 / 3] * 3, [1.0, 0.0], [0.5, 0.3, 0.2]]


@given(st.lists(st.sampled_from("abc"), max_size=80), st.sampled_from(SHARES), st.integers(0, 5))
def test_each_example_lies_in_one_part_and_each_class_is_shared_alike(labels, shares, seed):
    parts = stratified_split(labels, shares, seed)
    assert sorted(number for part in parts for number in part) == list(range(len(labels)))
    counts = Counter(labels)
    for part, share in zip(parts, shares, strict=True):
        assert part == sorted(part) and abs(len(part) - share * len(labels)) <= 1
        found = Counter(labels[number] for number in part)
        assert all(abs(found[label] - share * counts[label]) <= 2 for label in counts)
        assert share > 0 or not part


def test_whole_shares_come_out_exactly_and_the_seed_decides_who():
    labels = ["a", "b"] * 50
    first, again, other = (stratified_split(labels, [0.8, 0.1, 0.1], seed) for seed in (1, 1, 2))
    assert [Counter(labels[number] for number in part) for part in first] == [
        {"a": 40, "b": 40},
        {"a": 5, "b": 5},
        {"a": 5, "b": 5},
    ]
    assert first == again != other
