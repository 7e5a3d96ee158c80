"""What every strategy is tested with.  A new strategy joins by one entry in `CASES`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from conformance.non_finite_gradients import Spoil
from conformance.references import averaging, clipping, feedback, gradient, initialization, loops, penalty, truncation
from conformance.references.initialization import PlainReLU
from conformance.references.loops import Plain
from conformance.token_streams import always_fresh, never_seen, stream, whole_batches
from unrolled import strategies
from unrolled.tasks.base import SequenceTask


@dataclass(frozen=True)
class Case:
    """One strategy.

    Args:
        identity: arguments that equal the strategy's absence.
        live: arguments that make it work, on batches of 8 steps.
        reference: a loop by hand, `reference(model, optimizer, batches, **live)`.
        wrong: arguments that must be refused.
        identity_data: the data on which `identity` is one, where that takes more than arguments.
        architecture: the one that it fits, where that is not the kit's LSTM.
        plain: that architecture in the loop by hand.
        fit: what else it takes of `training.fit` for the strategy to have something to do.
    """

    identity: dict[str, Any]
    live: dict[str, Any]
    reference: Callable[..., None]
    wrong: list[dict[str, Any]] = field(default_factory=list)
    identity_data: Callable[[], Any] = stream
    architecture: dict[str, Any] | None = None
    plain: type[Plain] = Plain
    fit: Callable[[], dict[str, Any]] = dict

    @property
    def given(self) -> dict[str, Any]:
        """Arguments of the task."""
        return {"architecture": self.architecture} if self.architecture else {}


NAN = float("nan")
SCHEDULE = {"start": 0.9, "end": 0.2, "decay": "inverse_sigmoid", "over": 6}

CASES: dict[str, Case] = {
    "TruncatedBPTT": Case(
        {"k1": 8, "k2": 8},
        {"k1": 3, "k2": 5},
        loops.kept,
        [{"k1": 0}, {"k1": -1, "k2": 3}, {"k1": 3, "k2": 2}, {"past": "forgotten"}],
    ),
    "RandomTruncation": Case(
        {"base_length": 8, "half_probability": 0.0, "length_std": 0.0},
        {"base_length": 4, "half_probability": 0.3, "length_std": 1.5, "min_length": 2},
        truncation.random_truncation,
        [{"base_length": 0}, {"min_length": 0}, {"base_length": 5, "min_length": 6}]
        + [{"half_probability": x} for x in (-0.1, 1.1, NAN)]
        + [{"length_std": x} for x in (-1.0, NAN, float("inf"))],
        identity_data=whole_batches,
    ),
    "ARTBP": Case(
        {"expected_length": float("inf")},
        {"expected_length": 3.0, "coin_every": 2},
        truncation.artbp,
        [{"expected_length": 0.5}, {"coin_every": 0}, {"coin_every": 4, "expected_length": 3.0}]
        + [{"tail_exponent": x} for x in (2.0, NAN, float("inf"))],
    ),
    "AdaptiveTruncation": Case(
        {"shortest": 8, "longest": 8},
        {"tolerated_bias": 0.3, "shortest": 2, "longest": 6, "lags": 6, "estimate_every": 2},
        truncation.adaptive_truncation,
        [{"tolerated_bias": x} for x in (0.0, NAN)]
        + [{"shortest": 0}, {"shortest": 3, "longest": 2}, {"lags": 0}, {"estimate_every": 0}],
    ),
    "CheckpointedBPTT": Case({"segments": 1}, {}, loops.full, [{"segments": 0}]),
    "CarriedState": Case(
        {},
        {"drop_probability": 0.3, "learned_initial_state": True, "burn_in": 2},
        loops.carried,
        [{"drop_probability": 1.1}, {"drop_probability": -0.1}, {"drop_probability": NAN}, {"burn_in": -1}],
        identity_data=always_fresh,
    ),
    "TeacherForcing": Case(
        {"ratio": 1.0}, {"ratio": 0.5}, loops.forced, [{"ratio": -0.1}, {"ratio": 1.1}, {"ratio": NAN}]
    ),
    "ScheduledSampling": Case(
        {"start": 1.0, "end": 1.0},
        SCHEDULE,
        loops.scheduled,
        [{"start": 1.5}, {"end": -0.5}, {"start": NAN}, {"over": 0}, {"decay": "cosine"}],
    ),
    "LossScheduledSampling": Case(
        {"start": 1.0, "end": 1.0},
        {"start": 0.9, "end": 0.2, "high": 1.95, "low": 1.75, "smoothing": 0.5},
        feedback.by_loss,
        [{"start": 1.5}, {"end": -0.5}, {"start": NAN}, {"low": 3.0, "high": 3.0}, {"low": NAN}]
        + [{"high": x} for x in (NAN, float("inf"))]
        + [{"smoothing": x} for x in (-0.1, 1.0, NAN)],
    ),
    "FreeRunning": Case(
        {"longest_stretch": 0},
        {"shortest_stretch": 1, "longest_stretch": 6, "over": 5},
        feedback.free,
        [
            {"shortest_stretch": -1},
            {"longest_stretch": -1},
            {"shortest_stretch": 3, "longest_stretch": 2},
            {"over": -1},
        ],
    ),
    "ParallelScheduledSampling": Case(
        {"start": 0.5, "end": 0.0, "passes": 1},
        {**SCHEDULE, "passes": 3},
        feedback.parallel,
        [{"start": 1.5}, {"end": -0.5}, {"start": NAN}, {"over": 0}, {"decay": "cosine"}, {"passes": 0}],
    ),
    "ProfessorForcing": Case(
        {"weight": 0.0},
        {"weight": 1.7, "discriminator_size": 4, "heard_above": 0.45, "learns_below": 0.7},
        feedback.professor,
        [{"weight": x} for x in (-0.1, NAN, float("inf"))]
        + [{"discriminator_size": 0}, {"heard_above": NAN}, {"learns_below": NAN}],
    ),
    "ClipNorm": Case(
        {"max_norm": float("inf")}, {"max_norm": 0.24}, loops.norm_clipped, [{"max_norm": x} for x in (0, -1.0, NAN)]
    ),
    "ClipValue": Case(
        {"max_value": float("inf")},
        {"max_value": 0.01},
        loops.value_clipped,
        [{"max_value": x} for x in (0, -1.0, NAN)],
    ),
    "ClipPerLayer": Case(
        {"max_norm": float("inf")}, {"max_norm": 0.1}, clipping.layer_clipped, [{"max_norm": x} for x in (0, -1.0, NAN)]
    ),
    "AdaptiveClip": Case(
        {"clipping_factor": float("inf")},
        {"clipping_factor": 0.02},
        clipping.unit_clipped,
        [{"clipping_factor": x} for x in (0, -1.0, NAN)] + [{"eps": x} for x in (0.0, NAN, float("inf"))],
    ),
    "AutoClip": Case(
        {"percentile": 100.0},
        {"percentile": 30.0},
        clipping.percentile_clipped,
        [{"percentile": x} for x in (-1.0, 101.0, NAN)],
    ),
    "WeightPenalty": Case(
        {"l1": 0.0, "l2": 0.0},
        {"l1": 1e-3, "l2": 1e-2, "parameters": "*weight*"},
        penalty.small_weights,
        [{key: x} for key in ("l1", "l2") for x in (-0.1, NAN, float("inf"))],
    ),
    "ActivationPenalty": Case(
        {"alpha": 0.0, "beta": 0.0},
        {"alpha": 2.0, "beta": 1.0},
        penalty.quiet,
        [{key: x} for key in ("alpha", "beta") for x in (-0.1, NAN, float("inf"))],
    ),
    "GradientPenalty": Case(
        {"omega": 0.0}, {"omega": 0.5}, penalty.error_kept, [{"omega": x} for x in (-0.1, NAN, float("inf"))]
    ),
    "ClipWeights": Case(
        {"bound": float("inf")},
        {"bound": 0.35, "every_n_steps": 3},
        penalty.clipped_weights,
        [{"bound": x} for x in (0.0, -1.0, NAN)] + [{"every_n_steps": 0}],
    ),
    "MaxNorm": Case(
        {"max_unit_norm": float("inf")},
        {"max_unit_norm": 0.5},
        penalty.short_rows,
        [{"max_unit_norm": x} for x in (0.0, -1.0, NAN)],
    ),
    "SpectralBound": Case(
        {"max_stretch": float("inf")},
        {"max_stretch": 0.6},
        penalty.flat_spectrum,
        [{"max_stretch": x} for x in (0.0, -1.0, NAN)],
    ),
    "ExponentialAveraging": Case(
        {"average_decay": 0.0},
        {"average_decay": 0.7},
        averaging.exponential,
        [{"average_decay": x} for x in (-0.1, 1.0, NAN)],
    ),
    "TriggeredAveraging": Case(
        {"non_monotone": None},
        {"non_monotone": 0},
        partial(averaging.triggered, validation=never_seen),
        [{"non_monotone": -1}],
        fit=lambda: {"validation": never_seen(), "trainer": {"val_check_interval": 3}},
    ),
    "ForgetBias": Case(
        {"forget_bias": None},
        {"forget_bias": 1.5},
        initialization.forget_biased,
        [{"forget_bias": x} for x in (NAN, float("inf"))],
    ),
    "ChronoInitialization": Case(
        {"t_max": None}, {"t_max": 9}, initialization.chrono, [{"t_max": x} for x in (1, NAN, float("inf"))]
    ),
    "OrthogonalInitialization": Case(
        {"gain": None}, {"gain": 0.8}, initialization.orthogonal, [{"gain": x} for x in (0.0, NAN, float("inf"))]
    ),
    "IdentityInitialization": Case(
        {"scale": None},
        {"scale": 0.875},  # a float32 too
        initialization.identity,
        [{"scale": x} for x in (0.0, NAN, float("inf"))],
        architecture={"class_path": "RNN", "init_args": {"hidden_size": 6, "nonlinearity": "relu"}},
        plain=PlainReLU,
    ),
    "SkipNonFinite": Case(
        {"at_most": 0}, {"at_most": 1}, clipping.skipping, [{"at_most": -1}], fit=lambda: {"callbacks": [Spoil()]}
    ),
    "ClipStateGradient": Case(
        {"max_state_gradient": float("inf")},
        {"max_state_gradient": 0.02, "by": "norm"},
        gradient.state_clipped,
        [{"max_state_gradient": x} for x in (0, -1.0, NAN)] + [{"by": "angle"}],
    ),
    "GradientNoise": Case(
        {"eta": 0.0},
        {"eta": 1e-4, "gamma": 0.55},
        gradient.noisy,
        [{"eta": x} for x in (-0.1, NAN, float("inf"))] + [{"gamma": x} for x in (-0.5, NAN, float("inf"))],
    ),
}
# Tested apart: the kit's text has no marks of what is missing and no classes (tests/strategies/test_<name>.py).
APART = ("NaiveBayesInitialization", "OwnImputation")  # in an order: every worker collects the same tests
each_strategy = pytest.mark.parametrize("name", CASES)
each_file = pytest.mark.parametrize("name", [*CASES, *APART])
FOUR = ("TruncatedBPTT", "CarriedState", "ScheduledSampling", "ClipNorm")


def strategy(name: str) -> type[SequenceTask]:
    return getattr(strategies, name)


def live(*names: str) -> dict[str, Any]:
    """The live arguments of several strategies together."""
    return {key: value for name in names for key, value in CASES[name].live.items()}


def company(name: str) -> list[str]:
    """One strategy of every other seam."""
    seams = {strategy(name).seam: name}
    for other in CASES:
        seams.setdefault(strategy(other).seam, other)
    return [other for other in seams.values() if other != name]


ORDERS = list(permutations(FOUR))
