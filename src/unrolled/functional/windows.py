"""Windows of truncated back-propagation through time."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple


class Window(NamedTuple):
    """One optimizer step's share of a batch, in time steps from its beginning."""

    start: int  # the first step read; no gradient flows to earlier steps
    new: int  # the first step whose loss counts; earlier windows counted the losses before it
    stop: int  # one past the last step
    resume: int  # later windows continue from the state before this step, which is within the window


def windows(length: int, k1: int, k2: int) -> list[Window]:
    """Every `k1` steps, back-propagate the losses of those steps through the last `k2` steps.

    This is BPTT(h = k2; h' = k1) of Williams & Peng 1990, "An efficient gradient-based algorithm for on-line training
    of recurrent network trajectories": each loss counts once, and reaches between k2 - k1 + 1 and k2 steps back.
    """
    starts = [max(0, end - k2) for end in range(k1, length + k1, k1)]
    return [
        Window(start, new, min(new + k1, length), resume)
        for start, new, resume in zip(starts, range(0, length, k1), [*starts[1:], length], strict=True)
    ]


def between(cuts: Iterable[int]) -> list[Window]:
    """Windows from each cut to the next, without overlap."""
    return [Window(start, start, stop, stop) for start, stop in pairwise(cuts)]


def with_targets(plan: list[Window], targeted: list[bool]) -> list[Window]:
    """The windows with a target at one of their new steps."""
    kept = [window for window in plan if any(targeted[window.new : window.stop])]
    following = [window.start for window in kept[1:]] + [len(targeted)]
    return [window._replace(resume=min(window.stop, start)) for window, start in zip(kept, following, strict=False)]


def spans(start: int, stop: int, cuts: Iterable[int]) -> list[tuple[int, int]]:
    """The (begin, end) of each stretch between `start` and `stop` after the cuts; each is read in one fused call."""
    return [*pairwise(sorted({start, stop, *(cut for cut in cuts if start < cut < stop)}))] if start < stop else []
