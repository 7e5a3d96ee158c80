"""ForecastTable: columns, inferred frequencies, and errors before training."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from conformance.forecast_series import C, H, Made, made
from unrolled.cli import main
from unrolled.data import ForecastTable
from unrolled.errors import InputError

SMALL = {"horizon": H, "context": C, "period": 4}
COVARIATES = {"known_columns": ["k0", "k1"], "past_columns": ["p0", "p1"], "static_columns": ["s0", "s1"]}


def frame(series):
    """A row for each step of each series, in the order of time, the series mixed."""
    tables = []
    for one in series:
        days = pd.date_range(one.start, periods=len(one.values), freq="D")
        columns = {"y": one.values[:, 0]}
        columns |= {f"k{k}": one.known[:, k] for k in range(2)} | {f"p{k}": one.past[:, k] for k in range(2)}
        columns |= {f"s{k}": np.full(len(days), one.static[k]) for k in range(2)}
        tables.append(pd.DataFrame({"series": one.name, "time": days, **columns}))
    return pd.concat(tables).sort_values("time", kind="stable")


def save(folder, table, name="mine.csv", **form):
    path = folder / name
    table.to_csv(path, index=False, **form) if path.suffix != ".parquet" else table.to_parquet(path)
    return str(path)


def small(folder, rows=None, **given):
    """One series of 40 days, made up; `rows` are edits of its text lines."""
    days = pd.date_range("2026-01-05", periods=40, freq="D").strftime("%Y-%m-%d")
    lines = [f"{day},{np.sin(k) + 3:.4f},{k % 3},{k % 5}" for k, day in enumerate(days)]
    for place, line in sorted((rows or {}).items(), reverse=True):
        lines[place : place + 1] = [] if line is None else [line]
    (folder / "small.csv").write_text("\n".join(["time,value,holiday,rain", *lines]) + "\n")
    return ForecastTable(str(folder / "small.csv"), **{"horizon": H, "context": C, "period": 7} | given)


def test_the_table_holds_what_the_series_are(tmp_path):
    """As if they had been given in memory, bitwise, whatever the order of the series' rows."""
    series = made()
    path = save(tmp_path, frame(series), date_format="%Y-%m-%d")
    table = ForecastTable(
        path, series_column="series", target_columns=["y"], **COVARIATES, **SMALL, calendar=["weekday"]
    )
    table.setup()
    data = Made(horizon=H, context=C, series=series, calendar=["weekday"])
    data.setup()
    assert [one.frequency for one in table.series] == ["D"] * 3
    assert sorted(one.name for one in table.series) == ["a", "b", "c"]
    for split in ("train", "valid", "test"):
        order = [[one.name for one in table.series].index(name) for name in "abc"]
        places = data.places[split].clone()
        places[:, 0] = torch.tensor(order)[places[:, 0]]
        assert sorted(places.tolist()) == sorted(table.places[split].tolist())
        mine, truth = table.cut(places), data.cut(data.places[split])
        torch.testing.assert_close(mine.inputs[..., :-1], truth.inputs[..., :-1])
        torch.testing.assert_close(mine.targets, truth.targets, equal_nan=True)


def test_a_parquet_file_without_pyarrow_is_told_in_one_line(tmp_path, monkeypatch):
    (tmp_path / "mine.parquet").write_bytes(b"PAR1")
    for name in ("pyarrow", "fastparquet"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="mine.parquet: expected pyarrow to read Parquet, .*; pip install pyarrow, or"):
        ForecastTable(str(tmp_path / "mine.parquet"), **SMALL).setup()


def test_a_parquet_file(tmp_path):
    pytest.importorskip("pyarrow")
    path = save(tmp_path, frame(made()), "mine.parquet")
    table = ForecastTable(path, series_column="series", target_columns=["y"], **COVARIATES, **SMALL)
    table.setup()
    assert len(table.places["test"]) > 0


def days(table):
    return pd.to_datetime(table["time"])


TYPES = {  # of columns, as Parquet may hold them
    "numbers": {"value": lambda t: t["value"].astype("Float32"), "holiday": lambda t: t["holiday"].astype("Int8")},
    "missing": {"value": lambda t: t["value"].round(4).astype("Float64").mask(t.index % 9 == 4)},
    "times": {"time": days},
    "times with a zone": {"time": lambda t: days(t).dt.tz_localize("UTC")},
    "dates": {"time": lambda t: days(t).dt.date},
    "categories": {"series": lambda t: t["series"].astype("category")},
}


def typed(folder, monkeypatch, types):
    """The table of one series, read from CSV and, as if pyarrow had read it, with columns of other types."""
    path = small(folder).path
    table = pd.read_csv(path).assign(series="s")
    given = {"series_column": "series", "horizon": H, "context": C, "known_columns": ["holiday"]}
    (folder / "mine.parquet").write_bytes(b"PAR1")
    parquet = table.assign(**{name: change(table) for name, change in types.items()})
    parquet[["series", "time", "value", "holiday"]].to_csv(folder / "mine.csv", index=False)
    monkeypatch.setattr(pd, "read_parquet", lambda path: parquet)
    return (ForecastTable(str(folder / f"mine.{end}"), **given) for end in ("csv", "parquet"))


@pytest.mark.parametrize("name", TYPES)
def test_what_parquet_types_hold_is_what_the_same_csv_holds(name, tmp_path, monkeypatch):
    (one,), (other,) = (data.load() for data in typed(tmp_path, monkeypatch, TYPES[name]))
    assert (one.name, one.start, one.frequency) == (other.name, other.start, other.frequency) == ("s", other.start, "D")
    np.testing.assert_allclose(other.values, one.values, rtol=1e-6)
    np.testing.assert_array_equal(other.known, one.known)
    assert np.isnan(other.values).any() == (name == "missing")


NO_NUMBERS = {"time": days, "length": lambda t: days(t) - days(t)[0], "complex": lambda t: t["value"] + 0j}


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_a_type_that_holds_no_numbers_is_refused(kind, tmp_path, monkeypatch):
    *_, parquet = typed(tmp_path, monkeypatch, {"value": NO_NUMBERS[kind]})
    with pytest.raises(InputError, match=r"mine.parquet: row 1: expected a finite number in column 'value', got '"):
        parquet.load()


@pytest.mark.parametrize(
    ("times", "frequency"),
    [
        (pd.date_range("2026-01-01 05:00", periods=50, freq="h"), "h"),
        (pd.date_range("2026-01-01", periods=50, freq="15min"), "15min"),
        (pd.date_range("2026-01-01", periods=50, freq="W-SUN"), "W-SUN"),
        (pd.date_range("2026-01-01", periods=50, freq="MS"), "MS"),
        (pd.date_range("2026-01-31", periods=50, freq="ME"), "ME"),
        (pd.date_range("1960-01-01", periods=50, freq="YS"), "YS-JAN"),
        (pd.date_range("2026-01-01", periods=50, freq="B"), "B"),
    ],
    ids=str,
)
@pytest.mark.parametrize("gone", [0, 5])
def test_the_frequency_is_inferred_also_where_rows_are_missing(times, frequency, gone, tmp_path):
    values = np.sin(np.arange(50.0))
    rows = pd.DataFrame({"time": times, "value": values}).drop(index=range(20, 20 + gone))
    data = ForecastTable(save(tmp_path, rows), horizon=H, context=C, gaps="fill")
    if frequency == "ME" and gone:  # months of unequal length, and none on its first day
        with pytest.raises(InputError, match="unknown frequency: expected steps of .*; correct them, or set"):
            data.setup()
        data.frequency = frequency
    data.setup()
    (one,) = data.series
    assert one.frequency in (frequency, "YS", "7D") and one.start == times[0]
    expected = values.copy()
    expected[20 : 20 + gone] = np.nan
    np.testing.assert_array_equal(one.values[:, 0], expected)


def test_steps_that_are_only_numbered(tmp_path):
    data = small(tmp_path)
    text = (tmp_path / "small.csv").read_text().splitlines()
    numbered = [text[0], *(f"{1700 + k},{line.partition(',')[2]}" for k, line in enumerate(text[1:]) if k != 9)]
    (tmp_path / "small.csv").write_text("\n".join(numbered))
    with pytest.raises(
        InputError, match="got 1 without one, the first at 1709; add the rows, or set data.init_args.gaps"
    ):
        data.setup()
    data = ForecastTable(data.path, horizon=H, context=C, gaps="fill")
    data.setup()
    assert np.isnan(data.series[0].values[:, 0]).nonzero()[0].tolist() == [9]
    assert data.last_windows().times == [["1740", "1741", "1742"]]


def test_words_become_numbers_and_one_that_training_lacks_is_none_of_them(tmp_path):
    lines = {
        k: f"{pd.Timestamp(2026, 1, 5) + pd.Timedelta(days=k)},{k % 7},{'abz'[k % 2 + (k == 30)]},2" for k in range(40)
    }
    data = small(tmp_path, lines, past_columns=["holiday"], category_columns=["holiday"])
    data.setup()
    past = data.series[0].past
    assert past[:2].tolist() == [[1, 0], [0, 1]] and past[30].tolist() == [0, 1] and past.shape == (40, 2)
    assert data.sizes()["channels"]["past"] == 2
    other = tmp_path / "other"
    other.mkdir()
    new = small(other, {k: line.replace(",a,", ",q,") for k, line in lines.items()})
    assert data.read(new.path)[0].past[:2].tolist() == [[0, 0], [0, 1]]  # the words stay those of the first table
    late = {k: line.replace(",b,", ",z,") if k > 30 else line for k, line in lines.items()}
    data = small(tmp_path, late, past_columns=["holiday"], category_columns=["holiday"])
    data.setup()
    assert data.series[0].past[31].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("rows", "given", "message"),
    [
        (
            {},
            {"target_columns": ["vale"]},
            "expected a column 'vale', got time, value, holiday, rain; did you mean value?",
        ),
        ({}, {"time_column": "date"}, "expected a column 'date', got time, value"),
        ({}, {"past_columns": ["rain"], "known_columns": ["rain"]}, "column 'rain' is already in known_columns"),
        ({}, {"target_columns": ["value", "value"]}, "column 'value' is already in target_columns; name it once"),
        ({}, {"category_columns": ["rain"]}, "category_columns: expected columns among known_columns, past_columns"),
        (
            {4: "2026-01-09,7,o,o"},
            {"past_columns": ["rain"]},
            "row 5: expected a finite number in column 'rain', got 'o'",
        ),
        ({4: "2026-01-09,1e999,0,0"}, {}, "row 5: expected a finite number in column 'value', got '1e999'; correct it"),
        ({4: "2026-01-09,inf,0,0"}, {}, "row 5: expected a finite number in column 'value', got 'inf'; correct it"),
        ({4: "soon,1,0,0"}, {}, "row 5: expected a time in column 'time', as 2026-01-31 13:00, got 'soon'; correct it"),
        ({4: "2026-01-08,1,0,0"}, {}, "expected each time once, got 2026-01-08 00:00:00 in rows 4 and 5; delete one"),
        ({4: "2026-01-07,1,0,0"}, {}, "got 2026-01-07 00:00:00 in row 5 after 2026-01-08 00:00:00 in row 4; sort the"),
        ({4: None, 9: None}, {}, "got 2 without one, the first at 2026-01-09 00:00:00; add the rows, or set"),
        (
            {4: "2026-01-09 07:00,1,0,0"},
            {},
            "unknown frequency: expected steps of 1 days 00:00:00, the most common one",
        ),
        ({4: "2026-01-09 07:00,1,0,0"}, {"frequency": "D"}, "of frequency D, got 2026-01-09 07:00:00 between two"),
        ({}, {"frequency": "fortnight"}, "data.init_args.frequency: expected a pandas alias"),
        (
            dict.fromkeys(range(2, 40)),
            {},
            "expected 3 time steps or more to infer the frequency, got 2; set",
        ),
        (
            dict.fromkeys(range(15, 40)),
            {},
            "series 'value' of 15 time steps: the train split has 8, expected at least 10",
        ),
        (
            {k: f"2026-01-{k + 5:02d},,0,0" for k in range(27)},
            {},
            "expected numbers in its train split of 20 steps, got none",
        ),
        (
            {25: "2026-01-30,1,,0"},
            {"known_columns": ["holiday"]},
            "small.csv: row 26: expected a number in column 'holiday', got none",
        ),
        ({25: "2026-01-30,1,NA,0"}, {"known_columns": ["holiday"]}, "fill it, or use past_columns"),
        (
            {},
            {"static_columns": ["rain"]},
            "expected equal values in the static column 'rain', but rows 1 and 2 differ",
        ),
        (
            {8: "2026-01-13,1,,1"},
            {"known_columns": ["rain", "holiday"]},
            "small.csv: row 9: expected a number in column 'holiday', got none; known covariates need",
        ),
        (
            {8: "2026-01-13,1, ,1"},
            {"series_column": "holiday"},
            "'holiday': expected text in each row, got none in row 9",
        ),
        ({}, {"series_column": "rain"}, "series '0' of 8 time steps: the train split has 4, expected at least 10"),
        (
            {3: "2026-01-08,1,,0"},
            {"series_column": "holiday"},
            "expected text in each row, got none in row 4",
        ),
        ({}, {"gaps": "leave"}, "data.init_args.gaps: expected refuse or fill, got 'leave'"),
        ({}, {"period": 0}, "data.init_args.period: expected 1 or more, got 0"),
        ({k: f"{pd.Timestamp(2026, 1, 5 + k):%Y-%m-%d},7,0,0" for k in range(20)}, {}, "that vary, got 7 throughout"),
        (
            {4: "2026-01-09,1e300,0,0"},
            {},
            "values of series 'value' at 2026-01-09T00:00:00: expected a finite number of float32, got 1e+300",
        ),
        (
            {k: f"{pd.Timestamp(2026, 1, 5) + pd.Timedelta(days=k):%Y-%m-%d},,0,0" for k in range(20, 40)},
            {},
            "expected a window with a target in the valid split, got none",
        ),
    ],
    ids=lambda word: str(word)[:40],
)
def test_a_wrong_table_is_refused_in_one_line(rows, given, message, tmp_path):
    with pytest.raises(InputError) as caught:
        small(tmp_path, rows, **given).setup()
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith((f"{tmp_path}/small.csv: ", "data.init_args."))


def test_a_series_without_any_number(tmp_path):
    table = frame(made())
    table.loc[table["series"] == "c", "y"] = np.nan
    path = save(tmp_path, table)
    with pytest.raises(InputError, match="mine.csv: series 'c' has no observed value; drop it"):
        ForecastTable(path, series_column="series", target_columns=["y"], **SMALL).setup()


def test_another_table_is_forecast_with_what_was_fitted_to_the_first(tmp_path):
    """Rows after the last target give the known covariates of the horizon."""
    data = small(tmp_path, known_columns=["holiday"], calendar=["weekday"], fourier=1)
    data.setup()
    with pytest.raises(
        InputError, match="small.csv: series 'value': expected the known covariates of the 3 time steps to be forecast"
    ):
        data.last_windows()
    days = pd.date_range("2026-01-17", periods=25, freq="D").strftime("%Y-%m-%d")
    lines = [f"{day},{k if k < 22 else ''},{k % 2},0" for k, day in enumerate(days)]
    (tmp_path / "new.csv").write_text("\n".join(["time,value,holiday,rain", *lines]) + "\n")
    before = data.state_dict()
    names, batch, times, _ = data.last_windows(str(tmp_path / "new.csv"))
    assert data.state_dict() == before and names == ["value"]
    assert times == [["2026-02-08T00:00:00", "2026-02-09T00:00:00", "2026-02-10T00:00:00"]]
    fitted = data.preprocessor.fitted["value"]
    expected = (np.arange(15, 22) - fitted.location[0]) / fitted.scale[0]
    np.testing.assert_allclose(batch.inputs[0, :C, 0], expected, rtol=1e-5)
    known = data.preprocessor.covariates["known"]
    holidays = (np.arange(16, 25) % 2 - known.mean[0]) / known.deviation[0]
    np.testing.assert_allclose(batch.inputs[0, :, 1], holidays, rtol=1e-5)
    angle = 2 * np.pi * (12 + np.arange(16, 25)) / 7  # the season continues from training
    np.testing.assert_allclose(batch.inputs[0, :, 4], np.sin(angle), atol=1e-5)
    enough = [*lines[:7], *(line.replace(f",{k},", ",,") for k, line in enumerate(lines[7:10], 7))]
    (tmp_path / "enough.csv").write_text("\n".join(["time,value,holiday,rain", *enough]) + "\n")
    *_, observed = data.last_windows(str(tmp_path / "enough.csv"))
    assert observed[0][:, 0].tolist() == [*range(7)]
    (tmp_path / "short.csv").write_text("\n".join(["time,value,holiday,rain", *lines[:3], *lines[3:6]]) + "\n")
    with pytest.raises(InputError, match="short.csv: series 'value': expected 7 time steps to read, got 6; add rows"):
        data.last_windows(str(tmp_path / "short.csv"))


def test_a_series_that_the_run_never_saw_is_refused(tmp_path):
    path = save(tmp_path, frame(made()))
    data = ForecastTable(path, series_column="series", target_columns=["y"], **SMALL)
    data.setup()
    new = frame(made())
    new["series"] = new["series"].replace("c", "d")
    with pytest.raises(
        InputError, match=r"new.csv: series 'd': expected one that the run was trained on \(a, c, b\); drop it"
    ):
        data.last_windows(save(tmp_path, new, "new.csv"))


def test_a_new_series_can_be_forecast_where_each_window_has_its_own_scale(tmp_path):
    """And where the model reads no number of it."""
    new = frame(made())
    new["series"] = new["series"].replace("c", "d")
    path, other = save(tmp_path, frame(made())), save(tmp_path, new, "new.csv")
    given = {"series_column": "series", "target_columns": ["y"], **SMALL}
    data, strict = ForecastTable(path, scaling="instance", **given), ForecastTable(path, **given)
    for one in (data, strict):
        one.setup()
    names, batch, *_ = data.last_windows(other, strangers=True)
    known = data.last_windows()
    assert names == ["a", "d", "b"] and known.names == ["a", "c", "b"]
    assert torch.equal(batch.inputs[..., 0], known.batch.inputs[..., 0])  # the same numbers under another name
    assert torch.equal(batch.rows[:, 1:3], known.batch.rows[:, 1:3])
    for asked, allowed in ((data, False), (strict, True)):
        with pytest.raises(InputError, match="new.csv: series 'd': expected one that the run was"):
            asked.last_windows(other, strangers=allowed)
    still = new.assign(y=new["y"].where(new["series"] != "d", 4.0))
    with pytest.raises(InputError, match="still.csv: series 'd': expected numbers that vary, got 4 throughout"):
        data.last_windows(save(tmp_path, still, "still.csv"), strangers=True)


def test_another_table_has_the_time_steps_of_the_first(tmp_path):
    data = small(tmp_path, fourier=1)
    data.setup()
    for step, message in (
        ("2D", "expected a row for each time step, got 39 without one, the first at 2026-01-06 00:00:00"),
        ("36h", "expected steps of frequency D, got 2026-01-06 12:00:00 between two of them"),
        (None, "new.csv: series 'value': expected time steps as in training, D, got integers"),
    ):
        times = range(40) if step is None else pd.date_range("2026-01-05", periods=40, freq=step)
        pd.DataFrame({"time": times, "value": np.sin(np.arange(40))}).to_csv(tmp_path / "new.csv", index=False)
        with pytest.raises(InputError, match=message):
            data.last_windows(str(tmp_path / "new.csv"))
    days = pd.date_range("2026-01-05", periods=26, freq="B")[:5]  # too few to infer the frequency, which is known
    pd.DataFrame({"time": days, "value": 1.0}).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(InputError, match="series 'value': expected 7 time steps to read, got 5; add rows"):
        data.last_windows(str(tmp_path / "new.csv"))


@pytest.mark.parametrize(
    ("rows", "given", "message"),
    [
        (
            {},
            {"target_columns": ["vale"]},
            "small.csv: expected a column 'vale', got time, value, holiday, rain; did y",
        ),
        ({4: "2026-01-09,oops,0,0"}, {}, "row 5: expected a finite number in column 'value', got 'oops'"),
        ({4: "2026-01-09,inf,0,0"}, {}, "row 5: expected a finite number in column 'value', got 'inf'"),
        ({4: "2026-01-08,1,0,0"}, {}, "expected each time once, got 2026-01-08 00:00:00 in rows 4 and 5; delete one"),
        ({4: "2026-01-06,1,0,0"}, {}, "expected ascending times, got 2026-01-06 00:00:00 in row 5 after 2026-01-08"),
        ({4: None}, {}, "expected a row for each time step, got 1 without one, the first at 2026-01-09 00:00:00"),
        (
            {4: "2026-01-09 07:00,1,0,0"},
            {},
            "unknown frequency: expected steps of 1 days 00:00:00, the most common one",
        ),
        ({}, {"frequency": "fortnight"}, "data.init_args.frequency: expected a pandas alias"),
        (
            {k: f"{pd.Timestamp(2026, 1, 5) + pd.Timedelta(days=k):%Y-%m-%d},,0,0" for k in range(40)},
            {},
            "small.csv: series 'value' has no observed value; drop it",
        ),
        (dict.fromkeys(range(18, 40)), {}, "of 18 time steps: the train split has 9, expected at least 10 for one w"),
        ({39: "2026-02-13,1,,0"}, {"known_columns": ["holiday"]}, "row 40: expected a number in column 'holiday', got"),
        ({}, {"path": "mine.parquet"}, "mine.parquet: expected "),  # pyarrow, or the file
    ],
    ids=lambda word: str(word)[:40],
)
def test_the_command_refuses_a_wrong_table_before_anything_is_trained(rows, given, message, tmp_path, workdir, capsys):
    data = {"path": small(tmp_path, rows).path, "horizon": H, "context": C} | given
    written = {
        "task": "Forecasting",
        "architecture": {"class_path": "GRU", "init_args": {"hidden_size": 4}},
        "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.01}},
        "data": {"class_path": "ForecastTable", "init_args": data},
        "trainer": {"max_epochs": 1, "accelerator": "cpu"},
    }
    (workdir / "mine.yaml").write_text(yaml.safe_dump(written))
    assert main(["fit", "-c", "mine.yaml"]) == 2
    printed = capsys.readouterr().err
    assert message in printed and printed.count("\n") == 1
    assert not [*workdir.glob("runs/*/metrics.csv")]


@pytest.mark.parametrize(("column", "message"), [("y", "expected a finite number"), ("time", "expected a time")])
def test_a_row_behind_a_blank_line_is_told_with_its_line(tmp_path, column, message):
    table = frame(made())
    table[column] = table[column].astype(object)
    table.iloc[4, table.columns.get_loc(column)] = "often"
    header, *rows = Path(save(tmp_path, table)).read_text(encoding="utf-8").splitlines()
    (path := tmp_path / "gap.csv").write_text("\n".join([header, "", *rows]), encoding="utf-8")
    with pytest.raises(InputError, match=rf"gap.csv: row 5 \(line 7\): {message}.* got 'often'"):
        ForecastTable(str(path), series_column="series", target_columns=["y"], **SMALL).setup()
