"""Search space: the values that a trial may choose for each dotted path of a recipe.

    {int: [64, 256], log: true}    {int: [1, 9], step: 2}    {float: [1.0e-4, 1.0e-1], log: true}
    {categorical: [tanh, relu]}

An entry with `when: {earlier.path: value}` is chosen only if that path has that value; otherwise the recipe's is kept.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unrolled.errors import InputError
from unrolled.suggestions import expected

if TYPE_CHECKING:
    from optuna import Trial

KEYS = {"int": {"step", "log", "when"}, "float": {"log", "when"}, "categorical": {"when"}}
NUMBERS: dict[str, set[type]] = {"int": {int}, "float": {int, float}}
SCALARS = (str, int, float, bool, type(None))

Space = dict[str, dict[str, Any]]


def suggest(trial: "Trial", space: Space) -> dict[str, Any]:
    """Choose a value for every path whose conditions are met by earlier ones: {dotted path: value}."""
    chosen: dict[str, Any] = {}
    for path, spec in space.items():
        if not _is_active(spec, chosen):
            continue
        if "categorical" in spec:
            chosen[path] = trial.suggest_categorical(path, spec["categorical"])
        elif "int" in spec:
            low, high = spec["int"]
            chosen[path] = trial.suggest_int(path, low, high, step=spec.get("step", 1), log=spec.get("log", False))
        else:
            low, high = spec["float"]
            chosen[path] = trial.suggest_float(path, low, high, log=spec.get("log", False))
    return chosen


def corners(space: Space) -> Iterator[dict[str, Any]]:
    """Choices that together contain both ends of every range and every category."""
    for path, spec in space.items():
        fixed = _conditions(space, path)
        for value in spec[_kind(spec)]:
            chosen: dict[str, Any] = {}
            for other, its in space.items():
                if _is_active(its, chosen):
                    chosen[other] = {**fixed, path: value}.get(other, its[_kind(its)][0])
            yield chosen


def _kind(spec: dict[str, Any]) -> str:
    return next(kind for kind in KEYS if kind in spec)


def _is_active(spec: dict[str, Any], chosen: dict[str, Any]) -> bool:
    return all(other in chosen and chosen[other] == value for other, value in spec.get("when", {}).items())


def _conditions(space: Space, path: str) -> dict[str, Any]:
    """The values of earlier paths that make a path active, including their conditions."""
    direct: dict[str, Any] = space[path].get("when", {})
    return {key: value for other in direct for key, value in _conditions(space, other).items()} | direct


def check_space(space: Any) -> None:
    """Check that `suggest` can read a search space.

    Raises:
        InputError: a wrong entry; the message names the path and what was expected.  The caller adds the file.
    """
    if not isinstance(space, dict) or not space:
        raise InputError("space: expected at least one `dotted.path: {float: [low, high]}`, got an empty space")
    for path, spec in space.items():
        try:
            _check(spec, above={other: space[other] for other in list(space)[: list(space).index(path)]})
        except InputError as error:
            raise InputError(f"space.{path}: {error}") from None


def _check(spec: Any, above: Space) -> None:
    kinds = [kind for kind in KEYS if isinstance(spec, dict) and kind in spec]
    if len(kinds) != 1:
        raise InputError(
            f"expected one of {{int: [low, high]}}, {{float: [low, high]}}, {{categorical: [...]}}, got {spec}"
        )
    (kind,) = kinds
    for key in sorted(spec.keys() - {kind} - KEYS[kind]):
        raise InputError(f"key with {kind}: {expected(key, KEYS[kind])}")
    if kind == "categorical":
        _check_choices(spec[kind])
    else:
        _check_range(kind, spec)
    _check_conditions(spec.get("when", {}), above)


def _check_conditions(when: Any, above: Space) -> None:
    if not isinstance(when, dict):
        raise InputError(f"when: expected {{dotted.path: value}}, got {when!r}")
    for other, value in when.items():
        if other not in above:
            raise InputError(f"when: expected a path listed earlier in space, got {other!r}; move it up")
        values = above[other][_kind(above[other])]
        if value not in values and ("categorical" in above[other] or not values[0] <= value <= values[1]):
            raise InputError(f"when: expected a value that {other} can take, of {values}, got {value!r}")


def _check_choices(choices: Any) -> None:
    if not isinstance(choices, list) or not choices or not all(isinstance(choice, SCALARS) for choice in choices):
        raise InputError(f"categorical: expected a list of one or more plain values, got {choices!r}")


def _check_range(kind: str, spec: dict[str, Any]) -> None:
    ends = spec[kind]
    if not isinstance(ends, list) or len(ends) != 2 or not all(_is_number(kind, end) for end in ends):
        raise InputError(f"{kind}: expected [low, high], two numbers of type {kind}, got {ends!r}")
    low, high = ends
    if not low <= high:
        raise InputError(f"{kind}: expected low <= high, got {ends!r}")
    log, step = spec.get("log", False), spec.get("step", 1)
    if not isinstance(log, bool):
        raise InputError(f"log: expected true or false, got {log!r}")
    if log and low <= 0:
        raise InputError(f"log: expected a range above 0, got {ends!r}; raise its low end or drop log")
    if not _is_number("int", step) or step < 1:
        raise InputError(f"step: expected an integer of 1 or more, got {step!r}")
    if log and step != 1:
        raise InputError(f"step: expected either log or step, got log: true with step: {step}; drop one")


def _is_number(kind: str, value: Any) -> bool:
    return type(value) in NUMBERS[kind] and math.isfinite(value)  # isinstance would accept booleans
