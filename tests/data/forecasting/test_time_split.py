"""TimeSplit: spans of the splits of one series."""

from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.base import SPLITS
from unrolled.data.forecasting.time_split import SplitEnds, TimeSplit


@given(length=st.integers(1, 300), valid=st.floats(0.05, 0.45), test=st.floats(0.05, 0.45))
def test_every_step_is_in_one_split(length, valid, test):
    ends = TimeSplit(valid, test, None, None, None).ends(length)
    steps = [step for split in SPLITS for step in range(*ends.span(split))]
    assert steps == [*range(length)]


def test_spans():
    ends = SplitEnds(10, 15, 20)
    assert [ends.span(split) for split in SPLITS] == [(0, 10), (10, 15), (15, 20)]
    assert TimeSplit(0.25, 0.25, None, 3, 4).ends(20) == (13, 16, 20)
    assert TimeSplit(0.25, 0.25, 5, 3, 4).ends(20) == (5, 8, 12)
