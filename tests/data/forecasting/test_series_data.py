"""SeriesData: arguments, scales, checkpoints, errors."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from conformance.forecast_series import SMALL, C, H, Made, made, make
from unrolled.data.forecasting.series import Series
from unrolled.errors import InputError


@given(
    shift=st.floats(-1e4, 1e4),
    factor=st.floats(1e-3, 1e3),
    scaling=st.sampled_from(["standard", "instance", "last_value"]),
    policy=st.sampled_from(["forward_fill", "linear", "mean", "median", "marker"]),
)
def test_shifting_and_scaling_a_series_leaves_its_inputs(shift, factor, scaling, policy):
    series = made()
    moved = [one._replace(values=factor * one.values + shift) for one in series]
    arguments = {"scaling": scaling, "missing": policy, "marks": True, "since": True, "lags": [3]}
    data, other = make(series=series, **arguments), make(series=moved, **arguments)
    before, after = data.cut(data.places["test"]), other.cut(data.places["test"])
    torch.testing.assert_close(after.inputs, before.inputs, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(after.targets, before.targets, rtol=1e-4, atol=1e-4, equal_nan=True)
    raw = (before.rows[:, 1:2] + before.rows[:, 2:3] * before.targets[..., 0]).double()
    again = (after.rows[:, 1:2] + after.rows[:, 2:3] * after.targets[..., 0]).double()
    size = factor * 30 + abs(shift)
    torch.testing.assert_close(again / size, (factor * raw + shift) / size, rtol=1e-4, atol=1e-5, equal_nan=True)


@given(factor=st.floats(1e-3, 1e3))
def test_scaling_a_series_leaves_its_inputs_by_mean_absolute_values(factor):
    series = made()
    moved = [one._replace(values=factor * one.values) for one in series]
    data, other = (make(series=each, scaling="mean_absolute") for each in (series, moved))
    before, after = data.cut(data.places["test"]), other.cut(data.places["test"])
    torch.testing.assert_close(after.inputs, before.inputs, rtol=1e-4, atol=1e-4)


def test_the_sizes():
    data = make(marks=True)
    channels = {"values": 1, "marks": 1, "since": 0, "known": 2, "past": 2, "static": 2, "series": 3}
    assert data.sizes() == {"horizon": H, "context": C, "channels": channels}
    (batch, *_) = data.train_dataloader()
    assert batch.inputs.shape == (6, C + H - 1, 9) and batch.targets.shape == (6, C + H - 1, 1)
    assert batch.rows.shape == (6, 5) and batch.inputs.dtype == batch.rows.dtype == torch.get_default_dtype()
    alone = make(series=made(covariates=False)[:1])
    assert alone.sizes()["channels"] == dict.fromkeys(channels, 0) | {"values": 1}


def test_parts_by_counts():
    """Counted from the end, or from the start if train_steps is set."""
    for counts, borders in [
        ({"valid_steps": 6, "test_steps": 4}, [(50, 56, 60), (34, 40, 44), (42, 48, 52)]),
        ({"train_steps": 20, "valid_steps": 6, "test_steps": 4}, [(20, 26, 30)] * 3),
    ]:
        assert [tuple(each) for each in make(**counts).split_ends] == borders


def test_the_log_tells_how_much_there_is(caplog):
    with caplog.at_level("INFO"):
        make(series=made(share=0.03), missing="drop")
    log = r"Made: 3 series; train \d+ windows \(\d+ dropped\), valid .*, test .*; \d+ of 156 values missing \(drop\)"
    assert re.search(log, caplog.text)


def test_sizes_and_scales_travel_with_the_checkpoint_and_others_are_refused():
    state = make().state_dict()
    make().load_state_dict(state)
    shifted = [one._replace(values=one.values + 1) for one in made()]
    warmer = [one._replace(past=one.past + 1) for one in made()]
    others = [{"horizon": 2}, {"context": 5}, {"valid_fraction": 0.3}, {"series": shifted}, {"series": warmer}]
    for other in [*others, {"series": made()[:2]}, {"marks": True}]:
        with pytest.raises(InputError, match=r"^checkpoint: it was trained on a series of horizon 3, .* this") as e:
            make(**other).load_state_dict(state)
        assert "\n" not in str(e.value)


def changed(step, value, kind="values", series=0):
    """The made series with one number changed."""
    all_of_them = made()
    numbers = getattr(all_of_them[series], kind).copy()
    numbers[step] = value
    all_of_them[series] = all_of_them[series]._replace(**{kind: numbers})
    return {"series": all_of_them}


ONE = np.arange(60.0)[:, None]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        *(({name: 0}, f"data.init_args.{name}: expected 1 or more, got 0") for name in SMALL if name != "context"),
        ({"eval_stride": 0}, "data.init_args.eval_stride: expected 1 or more, got 0"),
        ({"sequence_length": 0}, "data.init_args.sequence_length: expected 1 or more, got 0"),
        ({"context": 3}, "data.init_args.context: expected 4 or more, got 3"),
        *(
            ({name: value}, f"data.init_args.{name}: expected a fraction in (0, 1), got {value}")
            for name in ("valid_fraction", "test_fraction")
            for value in (0, 1, -0.1, float("nan"))
        ),
        ({"valid_fraction": 0.5, "test_fraction": 0.5}, "expected less than 1, got 1; nothing is left to train on"),
        ({"valid_steps": 3}, "expected valid_steps and test_steps together, got train_steps None, valid_steps 3"),
        ({"train_steps": 3}, "expected valid_steps and test_steps together"),
        (
            {"valid_steps": 2, "test_steps": 9},
            "series 'a' of 60 time steps: the valid split has 2, expected at least 3",
        ),
        ({"train_steps": 9, "valid_steps": 5, "test_steps": 5}, "the train split has 9, expected at least 10"),
        ({"train_steps": 40, "valid_steps": 9, "test_steps": 9}, "series 'b' of 44 time steps: the valid split has 4"),
        ({"horizon": 12}, "series 'b' of 44 time steps: the valid split has 11, expected at least 12 for one window"),
        ({"context": 20}, "series 'b' of 44 time steps: the train split has 22, expected at least 23"),
        ({"missing": "fill"}, "data.init_args.missing: expected one of drop, forward_fill"),
        ({"marker": float("nan")}, "data.init_args.marker: expected a finite number, got nan"),
        ({"hide_share": 1}, "data.init_args.hide_share: expected a fraction in [0, 1), got 1"),
        ({"hide_over": -1}, "data.init_args.hide_over: expected 0 or more, got -1"),
        (
            {"hide_share": 0.1, "missing": "drop"},
            "expected an imputation for hide_share above 0, got drop",
        ),
        (
            {"scaling": "minmax"},
            "data.init_args.scaling: expected one of instance, last_value, mean_absolute, standard",
        ),
        ({"sampling": "streams"}, "data.init_args.sampling: expected windows or stream, got 'streams'"),
        ({"calendar": ["hours"]}, "data.init_args.calendar: expected one of"),
        (
            {"calendar": ["hour"], "series": [Series("x", ONE)]},
            "series 'x': expected no calendar features, because",
        ),
        ({"fourier": 3}, "data.init_args.fourier: expected at most 2, half a season of 4 time steps, got 3"),
        ({"lags": [4, 2]}, "expected lags of at least the horizon, 3 time steps, got 2; shorter lags are not observed"),
        ({"series": []}, "Made: expected a series, got none"),
        ({"series": [*made(), *made()]}, "Made: expected each series once, got 'a' twice"),
        ({"series": [*made(), made(2)[0]._replace(name="d")]}, "series 'd' has 2 columns of values, but 'a' 1"),
        ({"series": [Series("x", np.ones((60, 1)))]}, "series 'x': expected numbers that vary, got 1 throughout its"),
        ({"series": [Series("x", ONE * np.nan)]}, "Made: series 'x' has no observed value; drop it"),
        (
            {"series": [Series("x", np.where(ONE < 40, np.nan, ONE))]},
            "series 'x': expected numbers in its train split of 30 steps, got none",
        ),
        (
            changed(7, np.inf),
            "values of series 'a' at 2024-02-27T00:00:00: expected a finite number of float32, got inf",
        ),
        (
            changed(7, -np.inf, "past"),
            "past of series 'a' at 2024-02-27T00:00:00: expected a finite number of float32, got -inf",
        ),
        (
            changed(1, np.nan, "known", 1),
            "known of series 'b' at 2024-02-26T00:00:00: expected a finite number of float32, got nan",
        ),
        (changed(0, np.nan, "static"), "static of series 'a' at"),
        (
            changed(7, -1e39),
            "values of series 'a' at 2024-02-27T00:00:00: expected a finite number of float32, got -1e+39",
        ),
        (changed(50, 1e300), "values of series 'a' at 2024-04-10T00:00:00: expected a finite number of float32, got"),
    ],
    ids=lambda word: str(word)[:50],
)
def test_wrong_arguments_and_series_are_refused_in_one_line(wrong, message):
    with pytest.raises(InputError) as caught:
        make(**wrong)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_the_last_windows_end_where_the_series_do():
    """With gaps at the end: the context reaches up to the last number that was observed."""
    series = made()
    series[1].values[-2:], series[1].values[-3] = np.nan, 12.5
    data = Made(**SMALL, series=series, marks=True, since=True)
    data.given = [one._replace(known=None) for one in series]
    data.setup()
    names, batch, times, observed = data.last_windows()
    assert names == ["a", "b", "c"] and batch.targets.isnan().all()
    assert times[1] == ["2024-04-07T00:00:00", "2024-04-08T00:00:00", "2024-04-09T00:00:00"]
    raw = float(batch.rows[1, 1] + batch.rows[1, 2] * batch.inputs[1, C - 1, 0])
    assert raw == pytest.approx(12.5, rel=1e-5)
    for row, one in enumerate(series):
        last = int(np.flatnonzero(~np.isnan(one.values[:, 0]))[-1])
        seen = data.cut(torch.tensor([[row, last - C - H + 1]])).inputs
        assert torch.equal(batch.inputs[row, : C - H], seen[0, H:C])
        np.testing.assert_array_equal(observed[row], one.values[last + 1 - C : last + 1])
    assert (batch.inputs[:, C:, :3] == 0).all() and batch.rows[:, 0].tolist() == [0, 1, 2]
    assert batch.inputs[:, 0, -1].tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="Made: expected no file, because this data set has fixed series, got x.csv"):
        data.last_windows("x.csv")


@pytest.mark.parametrize("policy", ["marker", "mean", "linear"])
def test_what_was_observed_is_told_without_what_stands_in_for_the_rest(policy):
    series = made(2)
    data = make(series=series, missing=policy, hide_share=0.5)
    for split in ("valid", "test"):
        number, begin = data.places[split][0].tolist()
        np.testing.assert_array_equal(data.observed(split), series[number].values[begin : begin + C])
    series[0].values[round(0.75 * 60) - 2] = np.nan
    assert np.isnan(make(series=series, missing=policy).observed("test")[-2]).all()


def test_the_last_windows_need_the_known_covariates_of_the_horizon():
    data = make()
    with pytest.raises(
        InputError, match="expected the known covariates of the 3 time steps to be forecast, got none at"
    ):
        data.last_windows()


def test_a_split_without_a_number_to_forecast_is_refused_also_when_asked_again():
    series = made(covariates=False)
    for one in series:
        one.values[round(len(one.values) * 0.75) :] = np.nan
    data = Made(**SMALL, series=series)
    for _ in range(2):
        with pytest.raises(InputError, match="Made: expected a window with a target in the test split, got none$"):
            data.setup()
    with pytest.raises(
        InputError, match=r"train split, got none \(data.init_args.missing: drop dropped \d+ with a missing input\)$"
    ):
        make(series=made(share=0.5), missing="drop")
