"""The curriculum: how many steps at a window's end are free, and which."""

import pytest
import torch

from conformance.feedback_spy import FROZEN, spied
from conformance.training import assert_close, make, train
from unrolled import compose
from unrolled.strategies import CheckpointedBPTT, FreeRunning, TruncatedBPTT
from unrolled.tasks import LanguageModeling


def owned(*strategies, **arguments):
    """Of each batch: how many of the last steps read the model's own, the same in all rows."""
    _, spy = spied(FreeRunning, *strategies, deaf=True, optimizer=FROZEN, **arguments)
    own = torch.cat(spy.trained, 1)[:-1] == 0
    own[:, 0] = False  # the stream begins with a 0 of its own, and the last row ends with some
    assert torch.equal(own, own[:1].expand_as(own))
    return own[0].tolist()


def last(free, steps):
    return [t >= steps - free for t in range(steps)]


def test_the_last_steps_are_free():
    assert owned(longest_stretch=3) == last(3, 8) * 3 + last(3, 4)
    assert owned(longest_stretch=6) == last(6, 8) * 3 + [False, True, True, True]


def test_all_of_them_at_first():
    assert owned() == last(7, 8) * 3 + last(3, 4)


def test_they_are_the_last_of_each_window():
    assert owned(TruncatedBPTT, longest_stretch=2, k1=4, k2=4) == last(2, 4) * 7


def test_segments_that_save_memory_do_not_count_as_windows():
    whole, cut = (
        train(compose(LanguageModeling, FreeRunning, *others), dtype=torch.float64, longest_stretch=3)
        for others in ((), (CheckpointedBPTT,))
    )
    for one, other in zip(whole.gradients, cut.gradients, strict=True):
        assert_close(one, other, 1e-10)


def test_they_grow_with_the_optimizer_step():
    growing = owned(shortest_stretch=1, longest_stretch=4, over=3)
    assert growing == last(1, 8) + last(2, 8) + last(3, 8) + [False, True, True, True]
    assert owned(shortest_stretch=0, longest_stretch=4, over=8) == last(0, 8) * 2 + last(1, 8) + last(1, 4)


@pytest.mark.parametrize(
    ("given", "free"),
    [
        ({"shortest_stretch": 2, "longest_stretch": 12, "over": 5}, [2, 4, 6, 8, 10, 12, 12]),
        ({"shortest_stretch": 0, "longest_stretch": 2, "over": 4}, [0, 0, 1, 1, 2, 2, 2]),
        ({"shortest_stretch": 3, "longest_stretch": 3, "over": 4}, [3] * 7),
        ({"over": 4}, [0, 5, 10, 15, 20, 20, 20]),
        ({"shortest_stretch": 30, "over": 4}, [30] * 7),
        ({"longest_stretch": 5}, [5] * 7),
        ({"longest_stretch": 10, "over": 10}, [0, 1, 2, 3, 4, 5, 6]),
        ({}, [20] * 7),
    ],
)
def test_the_number_of_free_steps(given, free):
    task = make(compose(LanguageModeling, FreeRunning), **given)
    task.length = 20
    found = []
    for task.optimizer_steps in range(7):
        found.append(task.free_steps())
        assert task.ratio() == (0.0 if found[-1] else 1.0)
    assert found == free
