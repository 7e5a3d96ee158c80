"""Which training strategy makes a recurrent network learn this sequence, and why?

`unrolled.compose`, and every task, strategy, architecture and data set by its name (`unrolled.LSTM`), are looked up
when first asked for: `import unrolled` alone loads neither torch nor Lightning, so that the command answers at once.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_KINDS = ("architectures", "tasks", "strategies", "data")


def __getattr__(name: str) -> Any:
    if name == "compose":
        return import_module("unrolled.strategies.compose").compose
    if name[0].isupper():  # a class: `from unrolled import recipe` asks here first too, and must not load torch
        for kind in _KINDS:
            module = import_module(f"unrolled.{kind}")
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(f"module 'unrolled' has no attribute '{name}'")
