"""What a trial is called wherever a study is shown: its hyper-parameters, its state."""

from collections.abc import Iterable


def labels(paths: Iterable[str]) -> dict[str, str]:
    """Each dotted path by its last part, or in full where two end alike."""
    last = {path: path.rpartition(".")[2] for path in paths}
    ends = list(last.values())
    return {path: end if ends.count(end) == 1 else path for path, end in last.items()}


def state(name: str, failure: object) -> str:
    """Optuna's name of a state; of a failed trial failed, or interrupted where no worker told its failure."""
    if name == "FAIL":
        return "failed" if failure else "interrupted"
    return name.lower()
