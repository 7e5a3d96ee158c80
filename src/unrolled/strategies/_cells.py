"""Access to recurrent cells, for strategies that change their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unrolled.errors import InputError

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask


def cells(task: SequenceTask, strategy: str, *fits: Any) -> list[Any]:
    """Each layer and direction of the task's architecture.

    Raises:
        InputError: the strategy does not fit the class of the architecture.
    """
    architecture: Any = task.architecture
    if not isinstance(architecture, fits):
        raise refusal(strategy, " or ".join(fit.__name__ for fit in fits), type(architecture).__name__)
    return [*architecture.cells]


def refusal(strategy: str, fits: str, given: str) -> InputError:
    """The error for a cell that a strategy does not fit."""
    return InputError(f"architecture: {strategy} fits {fits}, got {given}; choose one that fits, or remove it")
