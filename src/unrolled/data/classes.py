"""What the classes of labelled data are called."""

from unrolled.errors import InputError

SHOWN = 8  # names in a message


def agreed(data: str, known: list[str], names: list[str]) -> list[str]:
    """The `names` of the classes that the data set called `data` has; `known` are those of a checkpoint, [] without.

    Raises:
        InputError: one class alone, or other classes than the checkpoint's.
    """
    if len(names) < 2:
        raise InputError(
            f"{data}: expected at least two classes, got {len(names)} ({', '.join(names)}); there is nothing to learn"
        )
    if known and known != names:
        told = f"{', '.join(known[:SHOWN])}, this data has {', '.join(names[:SHOWN])}"
        raise InputError(f"checkpoint: its classes are {told}; use the data and arguments of the saved run")
    return names
