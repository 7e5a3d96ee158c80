"""What can go wrong, by exit code: bad input is 2, a failed run is 1."""


class UnrolledError(Exception):
    """An error that is told in one line: what was expected, what came, what to do next."""

    exit_code = 1


class InputError(UnrolledError, ValueError):
    """The input (file, row, key, argument) is wrong; nothing was trained."""

    exit_code = 2


class RunFailed(UnrolledError):
    """The run itself went wrong after it had started."""


class InputWarning(UserWarning):
    """The input can be used, but hardly as it was meant; told in one line."""
