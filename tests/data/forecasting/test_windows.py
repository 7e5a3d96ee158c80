"""Every channel of every window against loops over single steps, with pandas for the fills."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from conformance.forecast_series import LATE, PERIOD, C, H, made, make

POLICIES = ["forward_fill", "linear", "mean", "median", "mode", "marker"]
NAN = float("nan")


@pytest.fixture(autouse=True)
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def parts(length):
    """(begin, end) of the parts, by the default fractions."""
    return {
        "train": (0, round(length / 2)),
        "valid": (round(length / 2), round(length * 0.75)),
        "test": (round(length * 0.75), length),
    }


def filled(policy, values, train, t, origin):
    """The raw imputed value of step `t` from steps up to `origin`, or up to `t` after it; None: the marker."""
    so_far = pd.Series(values[: t + 1])
    if not math.isnan(values[t]):
        return values[t]
    if policy in ("mean", "median"):
        return getattr(train, policy)()
    if policy == "mode":
        return train.mode().min()
    if policy == "marker":
        return None
    if policy == "linear" and t <= origin:
        between = pd.Series(values[: origin + 1]).interpolate("linear", limit_area="inside")
        if not math.isnan(between[t]):
            return between[t]
    last = so_far.ffill().iloc[-1]
    return train.mean() if math.isnan(last) else last


def reference(series, index, begin, policy, marker=-1.0, scaling="standard", lags=()):
    """(inputs (T, F), targets (T, O), row) of one window, step by step."""
    one, start = series[index], begin
    train_end = {name: parts(len(each.values))["train"][1] for name, each in enumerate(series)}
    origin, outputs = begin + C - 1, one.values.shape[1]
    location, scale, deviation, season = [], [], [], []
    for o in range(outputs):
        train = pd.Series(one.values[: train_end[index], o])
        context = pd.Series(one.values[begin : begin + C, o])
        deviation.append(train.std(ddof=0))
        location.append(0.0 if scaling == "mean_absolute" else train.mean())
        scale.append(train.abs().mean() if scaling == "mean_absolute" else train.std(ddof=0))
        if scaling == "instance" and context.notna().any():
            location[-1], scale[-1] = context.mean(), max(context.std(ddof=0), 0.01 * train.std(ddof=0))
        if scaling == "last_value" and context.notna().any():
            location[-1] = context.dropna().iloc[-1]
        season.append((train - train.shift(PERIOD)).abs().mean())
    inputs, targets = [], []
    for t in range(begin, begin + C + H - 1):
        values, marks, since, lagged = [], [], [], []
        for o in range(outputs):
            column, train = one.values[:, o], pd.Series(one.values[: train_end[index], o])
            number = filled(policy, column, train, t, origin)
            values.append(marker if number is None else (number - location[o]) / scale[o])
            marks.append(float(not math.isnan(column[t])))
            seen = [step for step in range(t + 1) if not math.isnan(column[step])]
            since.append(float(t - seen[-1] if seen else t + 1))
        for lag in lags:
            for o in range(outputs):
                back, train = t + 1 - lag, pd.Series(one.values[: train_end[index], o])
                column = one.values[:, o]
                number = filled("forward_fill", column, train, back, back) if back >= 0 else train.mean()
                lagged.append((number - location[o]) / scale[o])
        day = one.start + pd.Timedelta(days=t + 1)
        angles = [day.day_of_week / 7, (day.month - 1) / 12, *((LATE[index] + t + 1) * k / PERIOD for k in (1, 2))]
        circles = [f(2 * math.pi * angle) for angle in angles for f in (math.sin, math.cos)]
        known = [scaled_covariate("known", series, train_end, index, t + 1, k) for k in range(2)]
        past = [scaled_covariate("past", series, train_end, index, t, k) * (t <= origin) for k in range(2)]
        every = np.array([each.static for each in series])
        static = ((one.static - every.mean(0)) / every.std(0)).tolist()
        inputs.append([*values, *marks, *since, *known, *circles, *lagged, *past, *static, index])
        hidden = policy == "linear" and t < origin
        targets.append(
            [
                NAN if hidden and math.isnan(one.values[t, o]) else (one.values[t + 1, o] - location[o]) / scale[o]
                for o in range(outputs)
            ]
        )
    assert start == begin
    return inputs, targets, [index, *location, *scale, *deviation, *season]


def scaled_covariate(kind, series, train_end, index, t, k):
    train = pd.concat([pd.Series(getattr(each, kind)[: train_end[n], k]) for n, each in enumerate(series)])
    column = pd.Series(getattr(series[index], kind)[:, k]).ffill().fillna(train.mean())
    return (column[t] - train.mean()) / train.std(ddof=0)


EVERYTHING = {"marks": True, "since": True, "calendar": ["weekday", "month"], "fourier": 2, "lags": [3, 5]}


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("scaling", ["standard", "mean_absolute", "instance", "last_value"])
@pytest.mark.parametrize("policy", POLICIES)
def test_every_channel_of_every_window(policy, scaling, outputs):
    series = made(outputs)
    data = make(series=series, missing=policy, marker=-2.5, scaling=scaling, **EVERYTHING)
    assert data.sizes()["channels"] == {
        "values": outputs, "marks": outputs, "since": outputs, "known": 2 + 4 + 4 + 2 * outputs, "past": 2, "static": 2,
        "series": 3,
    }  # fmt: skip
    for split in ("train", "valid", "test"):
        places = data.places[split]
        batch = data.cut(places)
        assert not batch.inputs.isnan().any() and batch.resets[:, 0].all() and not batch.resets[:, 1:].any()
        chosen = range(0, len(places), 19 if split == "train" else 7)
        for row in chosen:
            index, begin = places[row].tolist()
            inputs, targets, rows = reference(series, index, begin, policy, -2.5, scaling, (3, 5))
            np.testing.assert_allclose(batch.inputs[row], inputs, rtol=1e-11, atol=1e-11)
            np.testing.assert_allclose(batch.targets[row], targets, rtol=1e-11, atol=1e-11)
            np.testing.assert_allclose(batch.rows[row], rows, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("stride", [1, 4])
@pytest.mark.parametrize("gaps", [False, True])
def test_the_places_are_all_that_have_their_targets_in_the_part(gaps, stride):
    """Contexts of validation and test reach back; targets never cross a border."""
    series = made(gaps=gaps)
    data = make(series=series, eval_stride=stride)
    for split in ("train", "valid", "test"):
        expected = []
        for index, one in enumerate(series):
            begin, end = parts(len(one.values))[split]
            first = begin + C if split == "train" else begin  # the first step to be forecast
            for target in range(first, end - H + 1, 1 if split == "train" else stride):
                if not np.isnan(one.values[target : target + H]).all():
                    expected.append([index, target - C])
        assert data.places[split].tolist() == expected, split


def test_drop_leaves_out_the_windows_with_a_missing_input():
    series = made(share=0.03)
    data, other = make(series=series, missing="drop"), make(series=series)
    for split in ("train", "valid", "test"):
        kept = [
            [i, b] for i, b in other.places[split].tolist() if not np.isnan(series[i].values[b : b + C + H - 1]).any()
        ]
        assert data.places[split].tolist() == kept and len(kept) < len(other.places[split])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("scaling", ["standard", "mean_absolute", "instance", "last_value"])
def test_nothing_of_the_horizon_reaches_a_context(policy, scaling):
    """Change any value, and any covariate not known in advance, from the first forecast step on."""
    series = made(2)
    given = {"missing": policy, "scaling": scaling, **EVERYTHING}
    data = make(series=series, **given)
    for index, begin in data.places["test"][::13].tolist():
        changed = [one._replace(values=one.values.copy(), past=one.past.copy()) for one in series]
        changed[index].values[begin + C :] = 1e3
        changed[index].past[begin + C :] = -1e3
        place = torch.tensor([[index, begin]])
        before, after = data.cut(place), make(series=changed, **given).cut(place)
        assert torch.equal(before.inputs[:, :C], after.inputs[:, :C])
        assert torch.equal(before.rows.nan_to_num(), after.rows.nan_to_num())
        known = slice(6, 6 + data.maker.channels["known"])  # lags of the horizon's steps too: they lie in the context
        assert torch.equal(before.inputs[..., known], after.inputs[..., known])


@pytest.mark.parametrize("policy", [*POLICIES, "drop"])
@pytest.mark.parametrize("scaling", ["standard", "mean_absolute", "instance", "last_value"])
def test_nothing_of_validation_and_test_is_fitted(policy, scaling):
    """Neither scales nor fill values; each training batch stays bitwise equal."""
    series = made(2, share=0.03 if policy == "drop" else 0.25)
    changed = []
    for one in series:
        end = round(len(one.values) / 2)
        later = one._replace(values=one.values.copy(), past=one.past.copy(), known=one.known.copy())
        for part in (later.values, later.past, later.known):
            part[end:] = 7e5 + np.arange(len(part) - end)[:, None]
        changed.append(later)
    data, other = (make(series=each, missing=policy, scaling=scaling, **EVERYTHING) for each in (series, changed))
    state, after = data.state_dict(), other.state_dict()
    assert state == after
    first = data.cut(data.places["train"])
    again = other.cut(data.places["train"])
    assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("scaling", ["standard", "mean_absolute", "instance", "last_value"])
def test_what_is_hidden_is_read_in_no_channel(policy, scaling):
    """Lags too lie in the context: a hidden number that they hand on would be hidden from the values alone."""
    series = made(2)
    given = {"missing": policy, "scaling": scaling, **EVERYTHING}
    data = make(series=series, **given)
    random = torch.Generator().manual_seed(2)
    for place in data.places["test"][::13]:
        index, begin = place.tolist()
        hidden = torch.rand(1, C + H - 1, 2, generator=random) < 0.4
        changed = [one._replace(values=one.values.copy()) for one in series]
        changed[index].values[begin : begin + C + H - 1][hidden[0].numpy()] += 1e3
        before, after = data.cut(place[None], hidden), make(series=changed, **given).cut(place[None], hidden)
        assert torch.equal(before.inputs, after.inputs)
        assert torch.equal(before.rows.nan_to_num(), after.rows.nan_to_num())
        asked = before.targets - after.targets  # hidden numbers are still forecast
        assert (asked.nan_to_num() != 0).any()


def test_a_lag_is_the_number_that_was_read_that_long_before():
    """Forward-filled values, hidden ones too; before the window, observed values."""
    data = make(series=made(2), **EVERYTHING)
    places = data.places["train"]
    hidden = torch.rand(len(places), C + H - 1, 2) < 0.4
    batch, plain = data.cut(places, hidden), data.cut(places)
    first = data.sizes()["channels"]["known"] + 2  # after values, marks and since; the lags are the last known channels
    for number, lag in enumerate((3, 5)):
        lagged = slice(first + 2 * number, first + 2 * number + 2)
        assert torch.equal(batch.inputs[:, lag - 1 :, lagged], batch.inputs[:, : C + H - lag, :2])
        assert torch.equal(batch.inputs[:, : lag - 1, lagged], plain.inputs[:, : lag - 1, lagged])
    assert not torch.equal(batch.inputs, plain.inputs)


def test_a_training_part_of_context_and_horizon_holds_one_window():
    one = made(gaps=False, covariates=False)[0]
    series = [one._replace(values=one.values[: 2 * (C + H)])]
    data = make(series=series)
    assert [tuple(border) for border in data.split_ends] == [(10, 15, 20)]
    assert data.places["train"].tolist() == [[0, 0]]
    assert data.places["valid"][[0, -1]].tolist() == [[0, 10 - C], [0, 15 - C - H]]
    assert data.places["test"][[0, -1]].tolist() == [[0, 15 - C], [0, 20 - C - H]]
    batch = data.cut(data.places["train"])
    raw = batch.rows[0, 1] + batch.rows[0, 2] * torch.cat([batch.inputs[0, :1], batch.targets[0]])[:, 0]
    np.testing.assert_allclose(raw, series[0].values[:10, 0], rtol=1e-12)
