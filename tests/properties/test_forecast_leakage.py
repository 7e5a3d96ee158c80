"""What a forecast must never read, over every channel; and what shifting and scaling a series does to it."""

import numpy as np
import pytest
import torch

from conformance.forecast_series import made as gappy
from conformance.forecast_series import make as make_data
from conformance.forecast_windows import CHANNELS, COLUMNS, WIDTH, C, H, windows
from unrolled.tasks import DirectForecasting, Forecasting

FUTURE = ["values", "marks", "since", "past"]
TASKS = [(Forecasting, {"output": "gaussian", "paths": 5}), (DirectForecasting, {"output": "gaussian", "patch": 2})]


def make(cls, **given):
    torch.manual_seed(0)
    lstm = {"class_path": "LSTM", "init_args": {"hidden_size": 6}}
    sizes = {"horizon": H, "context": C, "channels": CHANNELS, "series_embedding_size": 3}
    return cls(**sizes | {"architecture": lstm} | given).double()


def forecast(task, batch):
    return task.forecast(batch, torch.Generator().manual_seed(1))


def changed(batch, steps, columns, by=3.0):
    inputs = batch.inputs.clone()
    inputs[:, steps, columns] += by
    return batch._replace(inputs=inputs)


@pytest.mark.parametrize("name", FUTURE)
@pytest.mark.parametrize(("cls", "given"), TASKS)
def test_nothing_that_comes_after_the_origin_changes_a_forecast_bitwise(cls, given, name):
    task, batch = make(cls, **given), windows(3)
    other = changed(batch, slice(C, None), slice(COLUMNS[name][0], COLUMNS[name][-1] + 1))
    other = other._replace(targets=torch.randn_like(batch.targets))
    assert not torch.equal(other.inputs, batch.inputs)
    for told, again in zip(forecast(task, batch), forecast(task, other), strict=True):
        assert torch.equal(told, again)
    for step in range(C):  # and all that comes before it does
        before = changed(batch, step, COLUMNS[name])
        assert not torch.equal(forecast(task, before)[0], forecast(task, batch)[0])


@pytest.mark.parametrize("step", range(C - 1, C + H - 1))
def test_what_is_known_in_advance_changes_the_forecast_of_its_own_step_and_none_before(step):
    batch = windows(3)
    other = changed(batch, step, COLUMNS["known"])
    task = make(Forecasting, output="gaussian", paths=5)
    for told, again in zip(forecast(task, batch), forecast(task, other), strict=True):
        ahead = step - (C - 1)  # the input of step t describes step t + 1
        assert torch.equal(told[:, :ahead], again[:, :ahead])
        assert not torch.equal(told[:, ahead:], again[:, ahead:])
    direct = make(DirectForecasting)
    assert not torch.equal(direct.forecast(batch)[0], direct.forecast(other)[0])


@pytest.mark.parametrize("name", ["static", "series"])
@pytest.mark.parametrize(("cls", "given"), TASKS)
def test_what_is_the_same_at_all_steps_is_read(cls, given, name):
    task, batch = make(cls, **given), windows(3)
    inputs = batch.inputs.clone()
    inputs[..., COLUMNS[name]] = (inputs[..., COLUMNS[name]] + 1) % 3
    assert not torch.equal(forecast(task, batch)[0], forecast(task, batch._replace(inputs=inputs))[0])
    blind = make(cls, **given, series_embedding_size=0)
    same = torch.equal(forecast(blind, batch)[0], forecast(blind, batch._replace(inputs=inputs))[0])
    assert same == (name == "series")


def test_under_teacher_forcing_no_later_number_changes_an_earlier_output():
    task, batch = make(Forecasting).eval(), windows(3)
    hidden, _ = task.predict(batch.inputs, task.initial_state(3))
    for step in range(1, C + H - 1):
        other, _ = task.predict(changed(batch, step, slice(0, WIDTH - 1)).inputs, task.initial_state(3))
        assert torch.equal(hidden[:, :step], other[:, :step])
        assert not torch.equal(hidden[:, step], other[:, step])


def scaled_by_its_context(series):
    """Windows (B, C + H) of raw numbers, each in units of its own context: what scaling by the instance hands over."""
    context = series[:, :C]
    location, scale = context.mean(1, keepdim=True), context.std(1, keepdim=True, correction=0)
    values = (series - location) / scale
    ones = torch.ones_like(location)
    rows = torch.cat([0 * ones, location, scale, ones, ones], 1)
    batch = windows(len(series))
    return batch._replace(inputs=values[:, :-1, None], targets=values[:, 1:, None], rows=rows)


@pytest.mark.parametrize(("shift", "factor"), [(1000.0, 1.0), (0.0, 0.01), (-7.0, 30.0)])
@pytest.mark.parametrize(("cls", "given"), TASKS)
def test_a_series_that_is_shifted_and_scaled_has_a_forecast_that_is(cls, given, shift, factor):
    task = make(cls, **given, channels=None, series_embedding_size=0)
    series = torch.randn(4, C + H, dtype=torch.float64)

    def told(numbers):
        batch = scaled_by_its_context(numbers)
        location, scale = batch.rows[:, 1, None, None], batch.rows[:, 2, None, None]
        mean, quantiles = forecast(task, batch)
        return location + scale * mean, location[..., None] + scale[..., None] * quantiles

    for plain, moved in zip(told(series), told(shift + factor * series), strict=True):
        torch.testing.assert_close(moved, shift + factor * plain, rtol=0, atol=1e-9 * max(1, abs(shift)))


SCALINGS = ["standard", "mean_absolute", "instance", "last_value"]
EVERYTHING = {"marks": True, "since": True, "calendar": ["weekday", "month"], "fourier": 2, "lags": [3, 5]}


@pytest.fixture
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def of(data, cls, **given):
    """A task with its first weights, for what a data set hands over."""
    given = {"series_embedding_size": 3 * (data.sizes()["channels"]["series"] > 0)} | given
    return make(cls, **given, **data.sizes())


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("policy", ["forward_fill", "linear", "mean", "median", "mode", "marker", "drop"])
def test_no_later_number_changes_a_forecast_by_way_of_the_data(policy, scaling, double):
    """Of any kind of feature, and whatever stands in for a missing number; what is known beforehand is read."""
    series = gappy(2, share=0.03 if policy == "drop" else 0.25)
    data = make_data(series=series, missing=policy, scaling=scaling, **EVERYTHING)
    place = data.places["test"][len(data.places["test"]) // 2]
    number, origin = int(place[0]), int(place[1]) + data.context  # the first step that is forecast
    later, known = ([one._replace() for one in series] for _ in range(2))
    one = series[number]
    values, past, told = one.values.copy(), one.past.copy(), one.known.copy()
    values[origin:] = 100.0 - np.nan_to_num(values[origin:])  # the missing ones too: other marks, other times since
    past[origin:] += 50.0
    told[origin : origin + data.horizon] += 1.0
    later[number], known[number] = one._replace(values=values, past=past), one._replace(known=told)
    given = {"missing": policy, "scaling": scaling, **EVERYTHING}
    batches = [make_data(series=each, **given).cut(place[None]) for each in (series, later, known)]
    assert not torch.equal(batches[0].inputs, batches[1].inputs)
    for cls, output in [(Forecasting, "gaussian"), (DirectForecasting, "quantiles")]:
        task = of(data, cls, output=output)
        (mean, quantiles), (again, also), (other, _) = (forecast(task, batch) for batch in batches)
        assert torch.equal(mean, again) and torch.equal(quantiles, also)
        assert not torch.equal(mean, other)


@pytest.mark.parametrize(("shift", "factor"), [(1000.0, 1.0), (0.0, 0.01), (-7.0, 30.0)])
@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("cls", [Forecasting, DirectForecasting])
def test_every_scaling_makes_a_forecast_go_with_its_series(cls, scaling, shift, factor, double):
    """From the raw series to the raw forecast; the scale by mean absolute values knows no shift."""
    shift = 0.0 if scaling == "mean_absolute" else shift
    series = gappy(2)
    moved = [one._replace(values=shift + factor * one.values) for one in series]
    data, other = (make_data(series=each, scaling=scaling, **EVERYTHING) for each in (series, moved))
    task = of(data, cls, output="gaussian", **({"paths": 5} if cls is Forecasting else {}))
    batches = [each.cut(each.places["test"]) for each in (data, other)]
    for plain, after in zip(*(forecast(task, batch) for batch in batches), strict=True):
        located = [batch.rows[:, None, 1:5].chunk(2, -1) for batch in batches]
        if plain.dim() == 4:
            located = [[part[..., None] for part in parts] for parts in located]
        (location, scale), (there, scale_there) = located
        expected = shift + factor * (location + scale * plain)
        torch.testing.assert_close(there + scale_there * after, expected, rtol=1e-9, atol=1e-9 * max(1, abs(shift)))


@pytest.mark.parametrize("output", ["quantiles", "gaussian", "student_t"])
@pytest.mark.parametrize("cls", [Forecasting, DirectForecasting])
def test_no_quantiles_cross_whatever_the_weights_are(cls, output):
    task = make(cls, output=output, **({"paths": 7} if cls is Forecasting else {}))
    with torch.no_grad():
        for parameter in task.parameters():
            parameter.mul_(20.0)
    _, quantiles = forecast(task, windows(5))
    assert quantiles.isfinite().all() and (quantiles.diff(dim=-1) >= 0).all()
    assert (quantiles[..., -1] > quantiles[..., 0]).any()
