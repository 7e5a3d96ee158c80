"""The docstring of a composed class: every argument with its owner and default."""

import inspect
import re
from typing import Any

from unrolled.tasks.arguments import Owned, TaskType, owned


def described(cls: TaskType, task: Any) -> str:
    """The summary of the task, then every argument of `cls`: `k1: ... (TruncatedBPTT, default 35)`."""
    base = task if isinstance(task, type) else task.owner
    summary = (inspect.getdoc(base) or "").partition("\n\n")[0]
    return "\n".join([summary, "", "Args:", *(f"    {_line(cls, one)}" for one in owned(cls))]) + "\n"


def _line(cls: TaskType, one: Owned) -> str:
    name, empty = one.parameter.name, inspect.Parameter.empty
    default = cls.given_arguments.get(one.owner, {}).get(name, one.parameter.default)
    given = "required" if default is empty else f"default {default!r}"
    return f"{name}: {_explained(one.declared_by, name)}({one.owner}, {given})"


def _explained(declared_by: type, name: str) -> str:
    """The first paragraph of the argument's entry under `Args:`, with a space after it; empty where there is none."""
    block = (inspect.getdoc(declared_by) or "").partition("Args:\n")[2]
    entry = re.search(rf"^ {{4}}{name}: *(.*(?:\n {{5,}}.*)*)", block, re.MULTILINE)
    return " ".join(entry[1].split()) + " " if entry else ""
