"""Fitted statistics in checkpoints: save them, and refuse data with others."""

import math
from typing import Any

from unrolled.data.forecasting.scaling import CovariateScale, Fitted
from unrolled.errors import InputError

ADVICE = "use the arguments of the saved run"


def fitted_state(fitted: dict[str, Fitted], covariates: dict[str, CovariateScale]) -> dict[str, Any]:
    """Raw statistics as lists: by series and statistic, and by kind of covariate and statistic."""
    return {
        "fitted": {name: as_lists(statistics) for name, statistics in fitted.items()},
        "covariates": {name: as_lists(statistics) for name, statistics in covariates.items()},
    }


def as_lists(statistics: Fitted | CovariateScale) -> dict[str, list[float]]:
    return {name: values.tolist() for name, values in statistics._asdict().items()}


def check_fitted(saved: dict[str, Any], current: dict[str, Any]) -> None:
    """Compare the state of a checkpoint with the state of this data.

    Raises:
        InputError: other sizes, other series, or other statistics; one line with both.
    """
    trained = f"checkpoint: it was trained on a series of {described(saved)}, this one has"
    if saved["sizes"] != current["sizes"] or saved["fitted"].keys() != current["fitted"].keys():
        raise InputError(f"{trained} {described(current)}; {ADVICE}")
    for kind in ("fitted", "covariates"):
        for owner, statistics in current[kind].items():
            for name, values in statistics.items():
                if not all(map(close, before := saved[kind][owner][name], values)):
                    was, now = (", ".join(f"{value:.6g}" for value in each) for each in (before, values))
                    raise InputError(f"{trained} {owner!r} of {name} {now} instead of {was}; {ADVICE}")


def close(a: float, b: float) -> bool:
    """Equal up to rounding, which differs between machines; nan equals nan."""
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))


def described(state: dict[str, Any]) -> str:
    """The sizes in words, without empty channels, and the number of series."""
    sizes = {name: value for name, value in state["sizes"].items() if name != "channels"}
    sizes |= {name: width for name, width in state["sizes"]["channels"].items() if width}
    return ", ".join(f"{name} {value}" for name, value in sizes.items()) + f", {len(state['fitted'])} in all"
