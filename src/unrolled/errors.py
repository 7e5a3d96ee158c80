"""Exceptions and warnings, with the exit code of each: 2 for wrong input, 1 for a failed run."""


class UnrolledError(Exception):
    """An error with a message of one line: what was expected, what was given, what to do next."""

    exit_code = 1


class InputError(UnrolledError, ValueError):
    """Wrong input (file, row, key, argument); nothing was trained."""

    exit_code = 2


class UnknownArgument(InputError, TypeError):
    """A keyword that a class does not take."""


class RunFailed(UnrolledError):
    """A run that failed after it had started."""


class InputWarning(UserWarning):
    """Usable input that is probably not what the user intended; printed in one line."""
