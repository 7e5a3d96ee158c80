"""Data modules: argument checks, processes, and the contract with tasks."""

from types import SimpleNamespace

import pytest

from conformance.forecast_series import make
from unrolled.data.base import HasForecasts, HasTexts, HasTokens, SequenceDataModule, at_least, check_fractions
from unrolled.errors import InputError


def test_the_process_is_the_trainer_s():
    data = SequenceDataModule()
    assert data.process == (0, 1)
    data.trainer = SimpleNamespace(global_rank=2, world_size=3)
    assert data.process == (2, 3)


def test_at_least_names_the_first_argument_below():
    at_least(1, batches=1, length=None)
    with pytest.raises(InputError, match="^data.init_args.rows: expected 2 or more, got 1$"):
        at_least(2, batches=2, rows=1, length=0)


@pytest.mark.parametrize("value", [-0.1, 1, 1.5, float("nan")])
@pytest.mark.parametrize("positive", [True, False])
def test_fractions_out_of_range(value, positive):
    for given, name in (((value, 0.1), "valid"), ((0.1, value), "test")):
        with pytest.raises(InputError, match=f"^data.init_args.{name}_fraction: expected a fraction in "):
            check_fractions(*given, positive=positive)


def test_fractions_of_zero_and_one():
    check_fractions(0, 0.5)
    with pytest.raises(InputError, match=r"valid_fraction: expected a fraction in \(0, 1\), got 0$"):
        check_fractions(0, 0.5, positive=True)
    with pytest.raises(InputError, match="expected less than 1, got 1; nothing is left to train on"):
        check_fractions(0.5, 0.5)


def test_a_data_set_offers_what_its_kind_has():
    data = make()
    assert isinstance(data, HasForecasts) and not isinstance(data, HasTokens | HasTexts)
    assert data.owner == "Made" and data.state_dict()["sizes"] == data.sizes()
    for undefined in (SequenceDataModule().sizes, lambda: SequenceDataModule().baselines("test")):
        with pytest.raises(NotImplementedError, match="SequenceDataModule does not define"):
            undefined()
