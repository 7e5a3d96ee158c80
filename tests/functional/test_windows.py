"""BPTT(k2; k1): the losses of k1 steps, back through the last k2."""

from hypothesis import given
from hypothesis import strategies as st

from unrolled.functional.windows import windows

pairs = st.integers(1, 40).flatmap(lambda k1: st.tuples(st.just(k1), st.integers(k1, 90)))
each_case = given(st.integers(1, 120), pairs)


@each_case
def test_every_loss_counts_exactly_once_and_in_order(length, pair):
    counted = [t for window in windows(length, *pair) for t in range(window.new, window.stop)]
    assert counted == list(range(length))


@each_case
def test_each_window_takes_k1_new_steps(length, pair):
    found = windows(length, *pair)
    assert len(found) == -(-length // pair[0])
    assert [w.stop - w.new for w in found[:-1]] == [pair[0]] * (len(found) - 1)
    assert 1 <= found[-1].stop - found[-1].new <= pair[0]


@each_case
def test_windows_reach_back_k2_steps(length, pair):
    k1, k2 = pair
    for i, window in enumerate(windows(length, k1, k2)):
        assert window.start == max(0, (i + 1) * k1 - k2)
        assert window.start <= window.new < window.stop <= window.start + k2


@each_case
def test_each_resumes_where_the_next_starts(length, pair):
    found = windows(length, *pair)
    assert found[0].start == 0
    assert [w.resume for w in found] == [w.start for w in found[1:]] + [length]
    assert all(w.start <= w.resume <= w.stop for w in found), "a state that this window has passed"


@each_case
def test_a_step_reads_what_bptt_reads(length, pair):
    """In Williams & Peng's words: at every k1-th step, the last k2 steps that there are."""
    k1, k2 = pair
    for window in windows(length, k1, k2):
        if window.stop % k1 == 0:
            assert window.start == max(0, window.stop - k2)


@given(st.integers(1, 50), st.integers(0, 50))
def test_a_window_as_long_as_the_sequence_is_full_back_propagation(length, more):
    assert windows(length, length + more, length + more + 3) == [(0, 0, length, length)]


def test_examples_by_hand():
    assert windows(10, 4, 4) == [(0, 0, 4, 4), (4, 4, 8, 8), (8, 8, 10, 10)]
    assert windows(5, 1, 3) == [(0, 0, 1, 0), (0, 1, 2, 0), (0, 2, 3, 1), (1, 3, 4, 2), (2, 4, 5, 5)]
    assert windows(6, 2, 5) == [(0, 0, 2, 0), (0, 2, 4, 1), (1, 4, 6, 6)]
