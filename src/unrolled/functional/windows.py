"""Where truncated back-propagation through time cuts a sequence."""

from typing import NamedTuple


class Window(NamedTuple):
    """One optimiser step's share of a batch, in time steps from its beginning."""

    start: int  # the first step read; no gradient flows to what came before it
    new: int  # the first step whose loss counts: steps before it were counted by earlier windows
    stop: int  # one past the last step
    resume: int  # where the next window starts; after the last window, the end of the batch


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
