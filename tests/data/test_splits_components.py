from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.splits import connected_components


@given(st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=3), max_size=12))
def test_items_hang_together_by_their_common_parts(items):
    """Against the closure of "has a part in common", one step after the other."""
    found = connected_components(items)
    for number, item in enumerate(items):
        reached, parts = {number}, {*item}
        while more := {k for k, other in enumerate(items) if parts & {*other}} - reached:
            reached |= more
            parts |= {part for k in more for part in items[k]}
        assert {k for k, one in enumerate(found) if one == found[number]} == reached and found[number] == min(reached)


def test_long_chains_are_joined_in_a_moment():
    """Each item joins the one before it to what came last: without shorter ways to the head this takes minutes."""
    count = 50_000
    items = [[number] for number in range(count)] + [[number, number + 1] for number in reversed(range(count - 1))]
    assert {*connected_components(items)} == {0}
