"""Make one class of a task and its strategies."""

import functools

from unrolled.errors import InputError
from unrolled.tasks.base import SequenceTask


@functools.cache
def compose(task: type[SequenceTask], *strategies: type[SequenceTask]) -> type[SequenceTask]:
    """`compose(Task, A, B)` is `class ABTask(A, B, Task): ...`, for use from a recipe; the order changes no number.

    Raises:
        InputError: two strategies own one exclusive seam, or one stands twice.
    """
    if twice := [strategy.__name__ for strategy in strategies if strategies.count(strategy) > 1]:
        raise InputError(f"{twice[0]} stands twice among the strategies. Keep one of them.")
    bases = (*strategies, task)
    made = type("".join(base.__name__ for base in bases), bases, {"__module__": __name__, "__doc__": task.__doc__})
    globals()[made.__name__] = made  # jsonargparse and pickle look a class up by its module
    return made
