"""Which data are of a task's kind."""

from collections.abc import Set

from unrolled.config import catalog
from unrolled.errors import InputError


def require_kind(task: str, data: str, given: Set[str]) -> None:
    """Refuse data that does not say exactly the sizes that a task is built from, or that has classes of other things.

    Args:
        task: by name.
        data: by name.
        given: the names of the sizes that the data says.

    Raises:
        InputError: what the task needs, what the data has, and the tasks that fit it.
    """
    fitting = [name for name in catalog.names("tasks") if catalog.fits(name, given) and _agree(name, data)]
    if task in fitting:
        return
    if catalog.fits(task, given):
        needs, says = (f"a class for each {'step' if steps else 'sequence'}" for steps in _label_steps(task, data))
    else:
        needs, says = (" and ".join(sorted(names)) for names in (catalog.sizes(task), given))
    advice = f"use {' or '.join(fitting) or 'other data'}"
    raise InputError(f"task: {task} needs data with {needs}, but {data} has {says}; {advice}")


def _agree(task: str, data: str) -> bool:
    return {*_label_steps(task, data)} != {True, False}


def _label_steps(task: str, data: str) -> list[bool | None]:
    """Whether each step has a class, as the task needs it and as the data has it; None: where nothing says so."""
    return [getattr(catalog.find(*named), "label_steps", None) for named in (("tasks", task), ("data", data))]
