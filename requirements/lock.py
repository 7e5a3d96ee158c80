"""Print a pin for every package that this environment holds because of `unrolled[all]`: `make lock` writes them down.

Only installed metadata is read.  torch pins the packages of its accelerator builds exactly and by itself, so they
are left out: the same file then serves machines with and without a GPU.
"""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HEAD = "# Versions that `unrolled[all]` was tried with; `make lock` writes them. pyproject.toml says what is needed.\n"


def needs(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """The requirements of an installed package that hold on this machine, with these of its extras."""
    for text in distribution(name).requires or []:
        requirement = Requirement(text)
        exact = re.match(r"==[^*]+$", str(requirement.specifier))
        if name == "torch" and exact:
            continue
        markers = [{"extra": extra} for extra in extras or {""}]
        if requirement.marker is None or any(requirement.marker.evaluate(marker) for marker in markers):
            yield requirement


def closure(root: str = "unrolled", extras: frozenset[str] = frozenset({"all"})) -> dict[str, str]:
    """Name and version of all that `root[extras]` pulls, itself not among them; local tags (+cpu) are cut off."""
    pins: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(root, extras)]
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            requirements = list(needs(name, wanted))
        except PackageNotFoundError as error:
            raise SystemExit(f"{name} is not installed here; expected an environment made by `make setup`") from error
        if name != root:
            pins[name] = Version(distribution(name).version).public
        waiting += [(canonicalize_name(needed.name), frozenset(needed.extras)) for needed in requirements]
    return dict(sorted(pins.items()))


if __name__ == "__main__":
    print(HEAD + "\n".join(f"{name}=={version}" for name, version in closure().items()))
