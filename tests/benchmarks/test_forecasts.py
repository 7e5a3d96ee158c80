"""The experiments on forecasts, on a short wave in the place of ETTh1: each arm trains, each figure is drawn."""

import math

import numpy as np
import pytest

from unrolled.data import ETTh1
from unrolled.data.forecasting.series import Series


@pytest.fixture
def small(monkeypatch):
    """What a data set is told to be small; ETTh1 itself is a noisy wave."""
    hours = np.arange(1500)
    wave = np.sin(hours / 4)[:, None] + 0.1 * np.random.default_rng(0).standard_normal((1500, 1))
    monkeypatch.setattr(ETTh1, "prepare_data", lambda self: None)
    monkeypatch.setattr(ETTh1, "load", lambda self: [Series("OT", wave)])
    steps = {"train_steps": 900, "valid_steps": 300, "test_steps": 300}
    return {"horizon": 3, "context": 24, "batch_size": 4, "eval_stride": 50, **steps}


def test_every_policy_is_measured_on_the_same_hours(script, small, tmp_path, monkeypatch):
    module = script("missing_values")

    def data(settings, batches, seed, **told):
        made = module.Thinned(**small, batches=batches, seed=seed, **told)
        made.share, made.block = settings
        return made

    monkeypatch.setattr(module, "data", data)
    found = {
        (name, settings): module.work((name, settings, 1, 2)) for name in module.ARMS for settings in module.SETTINGS
    }
    assert math.isnan(found["drop", (0.5, 1)]) and not math.isnan(found["drop", (0.1, module.BLOCK)])
    assert all(value > 0 for (name, _), value in found.items() if name != "drop")
    apart = [name for name in module.ARMS if "hidden" not in name]  # two batches hide nothing yet
    assert len({found[name, (0.5, 1)] for name in apart}) == len(apart)
    module.draw({key: (value, 0.1) for key, value in found.items()})
    assert "<svg" in (tmp_path / "missing_values.svg").read_text(encoding="utf-8")


def test_what_is_gone_is_a_share_in_blocks_and_the_same_for_everybody(script):
    gone = script("missing_values").gone
    assert gone(1000, 0.3, 1).mean() == pytest.approx(0.3, abs=2e-3)
    blocks = gone(1000, 0.3, 20)
    assert 0.3 <= blocks.mean() <= 0.32 and (blocks == gone(1000, 0.3, 20)).all()
    assert np.abs(np.diff(blocks.astype(int))).sum() <= 2 * 0.32 * 1000 / 20


def test_every_way_to_teach_a_forecaster_has_its_errors_by_hour(script, small, tmp_path, monkeypatch):
    module = script("forecast_exposure")
    monkeypatch.setattr(module, "make_data", lambda batches, seed: ETTh1(**small, batches=batches, seed=seed))
    monkeypatch.setattr(module, "HORIZON", 3)
    found = {name: module.work((name, 1, 3)) for name in module.arms(3)}
    assert all(len(steps) == 3 and step["free"] > 0 for steps in found.values() for step in steps)
    assert all(math.isnan(step["forced"]) == (name == "direct") for name, steps in found.items() for step in steps)
    assert len({steps[2]["free"] for steps in found.values()}) == len(found)
    mean, half = module.mean([found["direct"], found["free running"]], "free", [1, 2])
    each = [sum(found[name][h]["free"] for h in (0, 1)) / 2 for name in ("direct", "free running")]
    assert mean == pytest.approx(sum(each) / 2) and half > 0
    module.draw({name: [steps, steps] for name, steps in found.items()}, {"naive": [1.0, 2.0, 3.0]})
    assert "<svg" in (tmp_path / "forecast_exposure.svg").read_text(encoding="utf-8")
