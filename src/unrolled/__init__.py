"""Train recurrent networks and compare training strategies.

`unrolled.fit("quickstart")` trains a recipe and returns a `Run`; `unrolled.compose(task, *strategies)` makes one class
of a task and its strategies.  Every task, strategy, architecture and data set is an attribute: `unrolled.LSTM`.
`dir(unrolled)` lists all names.  They are imported at first use: `import unrolled` loads neither torch nor Lightning.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unrolled.api.fit_recipe import fit as fit
    from unrolled.api.trained_run import Run as Run
    from unrolled.architectures import *  # noqa: F403
    from unrolled.config.spec import spec as spec
    from unrolled.data import *  # noqa: F403
    from unrolled.errors import InputError as InputError
    from unrolled.errors import InputWarning as InputWarning
    from unrolled.errors import RunFailed as RunFailed
    from unrolled.errors import UnrolledError as UnrolledError
    from unrolled.strategies import *  # noqa: F403
    from unrolled.strategies.compose import compose as compose
    from unrolled.tasks import *  # noqa: F403

__version__ = "0.1.0"

_NAMES = {
    "Run": "api.trained_run",
    "compose": "strategies.compose",
    "fit": "api.fit_recipe",
    "spec": "config.spec",
    **dict.fromkeys(["InputError", "InputWarning", "RunFailed", "UnrolledError"], "errors"),
}
_KINDS = ("architectures", "tasks", "strategies", "data")  # packages whose `__all__` is exported here


if not TYPE_CHECKING:  # type checkers would accept any name

    def __getattr__(name: str) -> Any:
        if name == "__all__":
            return _exports()
        if name in _NAMES:
            return getattr(import_module(f"unrolled.{_NAMES[name]}"), name)
        if name[0].isupper():  # a class; `from unrolled import recipes` asks here first too, and must not load torch
            for kind in _KINDS:
                module = import_module(f"unrolled.{kind}")
                if name in module.__all__:
                    return getattr(module, name)
        raise AttributeError(f"module 'unrolled' has no attribute '{name}'{_suggestion(name)}")


def _suggestion(name: str) -> str:
    from unrolled.suggestions import nearest

    near = None if name.startswith("_") else nearest(name, _exports())
    return f". Did you mean {near}?" if near else ""


def __dir__() -> list[str]:
    return sorted({*globals(), *_exports()})


def _exports() -> list[str]:
    """Every exported name, read from the source of the packages without importing them."""
    from unrolled.config import catalog

    return sorted([*_NAMES, *(name for kind in _KINDS for name in catalog.names(kind))])
