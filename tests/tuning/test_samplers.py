"""Samplers and pruners: only those on the list, and no two trials with the same random numbers."""

import inspect

import optuna
import pytest

from unrolled.errors import InputError
from unrolled.tuning import samplers


@pytest.mark.parametrize(
    ("allowed", "package"), [(samplers.SAMPLERS, optuna.samplers), (samplers.PRUNERS, optuna.pruners)]
)
def test_every_listed_argument_is_one_of_optunas(allowed: dict[str, set[str]], package: object) -> None:
    for name, arguments in allowed.items():
        assert arguments <= inspect.signature(getattr(package, name)).parameters.keys()


@pytest.mark.parametrize("name", samplers.SAMPLERS)
def test_every_listed_sampler_can_be_made(name: str) -> None:
    assert type(samplers.make_sampler({name: {"seed": 1}}, 0)).__name__ == name


@pytest.mark.parametrize("name", samplers.PRUNERS)
def test_every_listed_pruner_can_be_made(name: str) -> None:
    needed = {"PercentilePruner": {"percentile": 25.0}, "ThresholdPruner": {"upper": 9.0}}
    assert type(samplers.make_pruner({name: needed.get(name, {})})).__name__ == name


@pytest.mark.parametrize(
    ("key", "chosen", "message"),
    [
        ("sampler", {"TPESample": {}}, "Did you mean TPESampler?"),
        ("sampler", {"NSGAIISampler": {}}, "sampler: expected one of BruteForceSampler, GPSampler"),
        ("sampler", {"os.system": {}}, "sampler: expected one of"),
        ("sampler", {"TPESampler": {"sede": 1}}, "sampler.TPESampler: expected one of"),
        ("sampler", {"TPESampler": {"gamma": "os.system"}}, "sampler.TPESampler: expected one of"),
        ("sampler", {"TPESampler": {"seed": "one"}}, "seed: expected an integer, got 'one'"),
        ("pruner", {"MedianPruner": {"n_warmup": 1}}, "Did you mean n_warmup_steps?"),
        ("pruner", {"PatientPruner": {}}, "pruner: expected one of HyperbandPruner, MedianPruner"),
        ("pruner", {"NopPruner": {"seed": 1}}, "pruner.NopPruner: "),
    ],
)
def test_what_is_not_listed_is_refused(key: str, chosen: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises(InputError) as raised:
        samplers.check_choice(key, chosen, samplers.SAMPLERS if key == "sampler" else samplers.PRUNERS)
    assert message in str(raised.value)


def test_a_value_that_optuna_refuses_is_told_in_one_line() -> None:
    with pytest.raises(InputError, match=r"pruner.PercentilePruner: expected other arguments than .*percentile"):
        samplers.make_pruner({"PercentilePruner": {"percentile": 200.0}})


@pytest.mark.parametrize("name", ["TPESampler", "RandomSampler", "QMCSampler"])
def test_each_trial_draws_anew_though_its_worker_is_new(name: str) -> None:
    study = optuna.create_study()
    drawn = []
    for number in range(6):  # six workers that all start with the seed of the sweep file
        study.sampler = samplers.make_sampler({name: {"seed": 1}}, number)
        trial = study.ask()
        drawn.append(trial.suggest_float("rate", 0, 1))
        study.tell(trial, drawn[-1])
    assert len(set(drawn)) == 6


def test_the_same_seed_and_number_draw_the_same() -> None:
    first, second = (
        optuna.create_study(sampler=samplers.make_sampler({"RandomSampler": {"seed": 1}}, 7))
        .ask()
        .suggest_float("x", 0, 1)
        for _ in range(2)
    )
    assert first == second
