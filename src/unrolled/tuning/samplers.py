"""Samplers and pruners of Optuna that a sweep file may name.

Only listed names are looked up, with arguments that YAML can represent. The storage does not contain them, so every
worker creates them from the sweep file.
"""

import warnings
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from unrolled.errors import InputError
from unrolled.suggestions import expected

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

SAMPLERS = MappingProxyType(
    {
        "TPESampler": {"seed", "n_startup_trials", "n_ei_candidates", "multivariate", "group", "constant_liar"},
        "RandomSampler": {"seed"},
        "BruteForceSampler": {"seed"},  # every combination once
        "QMCSampler": {"seed", "qmc_type", "scramble"},
        "GPSampler": {"seed", "n_startup_trials", "deterministic_objective"},
    }
)
STEPS = {"n_startup_trials", "n_warmup_steps", "interval_steps", "n_min_trials"}  # in optimizer steps
PRUNERS = MappingProxyType(
    {
        "NopPruner": set(),
        "MedianPruner": STEPS,
        "PercentilePruner": {"percentile", *STEPS},
        "ThresholdPruner": {"lower", "upper", "n_warmup_steps", "interval_steps"},
        "SuccessiveHalvingPruner": {"min_resource", "reduction_factor", "min_early_stopping_rate", "bootstrap_count"},
        "HyperbandPruner": {"min_resource", "max_resource", "reduction_factor", "bootstrap_count"},
    }
)


def check_choice(key: str, chosen: dict[str, dict[str, Any]], allowed: MappingProxyType[str, set[str]]) -> None:
    """Check that a class and its arguments are listed.  `chosen`: {class name: its arguments}."""
    ((name, arguments),) = chosen.items()
    if name not in allowed:
        raise InputError(f"{key}: {expected(name, allowed.keys())}")
    for argument in sorted(arguments.keys() - allowed[name]):
        raise InputError(f"{key}.{name}: {expected(argument, allowed[name])}")
    if not isinstance(arguments.get("seed", 0), int | None):
        raise InputError(f"{key}.{name}.seed: expected an integer, got {arguments['seed']!r}")


def make_sampler(chosen: dict[str, dict[str, Any]], number: int) -> "BaseSampler":
    """The sampler for the parameters of trial `number`.

    Each trial gets the seed plus its number; with one seed for all, two workers or a resumed study would draw the same
    parameters again.  QMC is an exception: all workers share one sequence.
    """
    ((name, arguments),) = chosen.items()
    if name != "QMCSampler" and arguments.get("seed") is not None:
        arguments = {**arguments, "seed": arguments["seed"] + number}
    import optuna.samplers

    return _make("sampler", vars(optuna.samplers)[name], arguments)


def make_pruner(chosen: dict[str, dict[str, Any]]) -> "BasePruner":
    """The pruner, which compares the reports of trials at the same step."""
    import optuna.pruners

    ((name, arguments),) = chosen.items()
    return _make("pruner", vars(optuna.pruners)[name], arguments)


def _make(key: str, make: Any, arguments: dict[str, Any]) -> Any:
    import optuna

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return make(**arguments)
    except (TypeError, ValueError) as error:
        raise InputError(f"{key}.{make.__name__}: expected other arguments than {arguments}: {error}") from None
