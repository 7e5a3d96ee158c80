"""Output distributions of forecasters, one file each, by the name in the recipe."""

from collections.abc import Sequence

from unrolled.errors import InputError
from unrolled.functional.forecasting.distributions.base import LEVELS, Output
from unrolled.functional.forecasting.distributions.gaussian import Gaussian
from unrolled.functional.forecasting.distributions.point import Point
from unrolled.functional.forecasting.distributions.quantiles import Quantiles
from unrolled.functional.forecasting.distributions.student_t import StudentT

__all__ = ["LEVELS", "Gaussian", "Output", "Point", "Quantiles", "StudentT", "make_output"]


def make_output(name: str, loss: str = "squared", levels: Sequence[float] | None = None) -> Output:
    """An output by its name.  `loss` applies to point only, `levels` to quantiles only.

    Raises:
        InputError: an unknown name, or an argument of another output.
    """
    if name not in ("point", "gaussian", "student_t", "quantiles"):
        raise InputError(f"task: expected an output of point, gaussian, student_t or quantiles, got {name}")
    if loss not in ("squared", "absolute") or (loss != "squared" and name != "point"):
        wanted = "squared or absolute" if name == "point" else f"squared, which output {name} ignores"
        raise InputError(f"task: expected a loss of {wanted}, got {loss}")
    if levels is not None and name != "quantiles":
        raise InputError(f"task: levels need output quantiles, got {name}; omit them")
    if name == "quantiles":
        return Quantiles(LEVELS if levels is None else levels)
    return Point(loss == "absolute") if name == "point" else {"gaussian": Gaussian, "student_t": StudentT}[name]()
