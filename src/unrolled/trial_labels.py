"""Labels of a trial's hyper-parameters and state, shared by the terminal and the reports."""

from collections.abc import Iterable


def short_labels(paths: Iterable[str]) -> dict[str, str]:
    """{dotted path: its last part}, or the full path where last parts are not unique."""
    last = {path: path.rpartition(".")[2] for path in paths}
    ends = list(last.values())
    return {path: end if ends.count(end) == 1 else path for path, end in last.items()}


def state_label(name: str, failure: object) -> str:
    """A state name of Optuna in lower case; FAIL is "failed" if the worker recorded a failure, else "interrupted"."""
    if name == "FAIL":
        return "failed" if failure else "interrupted"
    return name.lower()
