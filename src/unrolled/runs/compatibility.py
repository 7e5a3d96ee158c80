"""Compatibility of tasks and data sets."""

from collections.abc import Set

from unrolled.config import catalog
from unrolled.errors import InputError


def require_compatible(task: str, data: str, given: Set[str]) -> None:
    """Check that data provides exactly the sizes that a task needs, and labels of the same kind (step or sequence).

    Args:
        task: name of the task.
        data: name of the data set.
        given: names of the sizes that the data provides.

    Raises:
        InputError: the data does not fit; the message names what the task needs, what the data has and fitting tasks.
    """
    fitting = [name for name in catalog.names("tasks") if catalog.fits(name, given) and _same_labels(name, data)]
    if task in fitting:
        return
    if catalog.fits(task, given):
        labelled = ("step" if steps == "True" else "sequence" for steps in _label_steps(task, data))
        needs, has = (f"a class for each {unit}" for unit in labelled)
    else:
        needs, has = (" and ".join(sorted(names)) for names in (catalog.sizes(task), given))
    advice = f"use {' or '.join(fitting) or 'other data'}"
    raise InputError(f"task: {task} needs data with {needs}, but {data} has {has}; {advice}")


def _same_labels(task: str, data: str) -> bool:
    return {*_label_steps(task, data)} != {"True", "False"}


def _label_steps(task: str, data: str) -> list[str | None]:
    """`label_steps` of the task and of the data: "True" if each step has a class; None where it is not specified."""
    return [catalog.attribute(kind, name, "label_steps") for kind, name in (("tasks", task), ("data", data))]
