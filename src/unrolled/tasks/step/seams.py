"""The strategy that owns a seam."""

from collections.abc import Container

from unrolled.errors import InputError


def owner(cls: type, seam: str) -> type | None:
    """The first base of `cls` that owns `seam`."""
    return next((base for owned, base in _owners(cls) if owned == seam), None)


def refuse_two_owners(cls: type, shared: Container[str]) -> None:
    """Raise an InputError where two bases own one seam that is not among the `shared` ones."""
    for seam, base in _owners(cls):
        first = owner(cls, seam)
        if first and first is not base and seam not in shared:
            raise InputError(f"{first.__name__} and {base.__name__} both own the seam '{seam}'. Keep one of them.")


def _owners(cls: type) -> list[tuple[str, type]]:
    return [(seam, base) for base in cls.__mro__ if (seam := vars(base).get("seam"))]
