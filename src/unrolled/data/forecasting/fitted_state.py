"""What a checkpoint keeps of its series: the sizes, and what was fitted to each."""

import math
from typing import Any

from unrolled.data.forecasting.scaling import CovariateScale, Fitted
from unrolled.errors import InputError


def fitted_state(fitted: dict[str, Fitted], scales: dict[str, CovariateScale]) -> dict[str, Any]:
    """By the name of a series and of a fitted number, its values for each target in raw units; covariates likewise."""
    return {
        "fitted": {name: plain(one) for name, one in fitted.items()},
        "covariates": {name: plain(scale) for name, scale in scales.items()},
    }


def plain(fitted: Fitted | CovariateScale) -> dict[str, list[float]]:
    return {name: values.tolist() for name, values in fitted._asdict().items()}


def check_fitted(saved: dict[str, Any], mine: dict[str, Any]) -> None:
    """Refuse weights that were trained on other sizes, or on series of another scale.

    Raises:
        InputError: in one line, what the checkpoint has and what the data has.
    """
    trained = f"checkpoint: it was trained on a series of {told(saved)}, this one has"
    if saved["sizes"] != mine["sizes"] or saved["fitted"].keys() != mine["fitted"].keys():
        raise InputError(f"{trained} {told(mine)}; {ADVICE}")
    for kind in ("fitted", "covariates"):
        for owner, numbers in mine[kind].items():
            for name, values in numbers.items():
                if not all(map(same, before := saved[kind][owner][name], values)):
                    was, here = (", ".join(f"{value:.6g}" for value in each) for each in (before, values))
                    raise InputError(f"{trained} {owner!r} of {name} {here} instead of {was}; {ADVICE}")


def same(a: float, b: float) -> bool:
    """Up to the last digits, which a sum may lose on another machine; nan is nan."""
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))


def told(state: dict[str, Any]) -> str:
    sizes = {name: value for name, value in state["sizes"].items() if name != "channels"}
    sizes |= {name: width for name, width in state["sizes"]["channels"].items() if width}
    return ", ".join(f"{name} {value}" for name, value in sizes.items()) + f", {len(state['fitted'])} in all"


ADVICE = "use the arguments of the saved run"
