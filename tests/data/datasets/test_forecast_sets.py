"""The published series: that they are those of their files, and figures that others have found on them."""

import csv
import gzip
import math
from itertools import islice

import numpy as np
import pytest
import statsmodels.datasets.fertility as fertility_source
import statsmodels.datasets.macrodata as macro_source

from unrolled.data import BeijingMultiSite, BeijingPM25, ETTh1, Fertility, M4Hourly, Macro
from unrolled.data.datasets.airline_passengers import AirlinePassengers
from unrolled.errors import InputError


def lines(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        yield from csv.DictReader(file)


@pytest.fixture
def here(corpora, monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", str(corpora))
    return corpora


def ready(data):
    data.prepare_data()
    data.setup()
    return data


def test_etth1(here):
    rows = [*lines(here / "ETTh1" / "ETTh1.csv")]
    names = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
    alone, every = ready(ETTh1()), ready(ETTh1(columns=names))
    np.testing.assert_array_equal(alone.series[0].values[:, 0], [float(row["OT"]) for row in rows])
    assert [one.name for one in every.series] == names and every.series[0].frequency == "h"
    for one in every.series:
        np.testing.assert_array_equal(one.values[:, 0], [float(row[one.name]) for row in rows])
    assert alone.split_ends == [(8640, 11520, 14400)]
    # its usual scale is that of the training months alone
    np.testing.assert_allclose(
        alone.preprocessor.fitted["OT"].mean, np.mean([float(r["OT"]) for r in rows[:8640]]), rtol=1e-12
    )
    assert len(alone.places["test"]) == 2880 - 24 + 1
    assert alone.baselines("test") == pytest.approx(
        {"naive": 0.0343, "seasonal naive": 0.0458, "linear": 0.0264}, abs=5e-5
    )
    assert every.baselines("test")["linear"] == pytest.approx(0.309, abs=1e-3)
    mixed, past = (
        ready(ETTh1(columns=names, channels="mixed")),
        ready(ETTh1(columns=["OT", *names[:6]], channels="past")),
    )
    assert mixed.sizes()["channels"]["values"] == 7 and mixed.cut(mixed.places["test"][:2]).rows.shape == (2, 29)
    assert past.sizes()["channels"] == dict.fromkeys(past.sizes()["channels"], 0) | {"values": 1, "past": 6}
    np.testing.assert_array_equal(past.series[0].values, alone.series[0].values)


def test_beijing_pm25(here):
    rows = [*lines(here / "beijing_pm25" / "PRSA_data_2010.1.1-2014.12.31.csv.gz")]
    data = ready(BeijingPM25())
    (one,) = data.series
    told = [math.nan if row["pm2.5"] == "NA" else float(row["pm2.5"]) for row in rows]
    np.testing.assert_array_equal(one.values[:, 0], told)
    assert np.isnan(one.values).sum() == 2067 and str(one.start) == "2010-01-01 00:00:00"
    assert [rows[24][name] for name in ("year", "month", "day", "hour")] == ["2010", "1", "2", "0"]
    assert data.sizes()["channels"]["past"] == 10 and BeijingPM25(weather=False).load()[0].past is None
    for place in (0, 777, 43823):
        row = rows[place]
        weather = [float(row[name]) for name in ("DEWP", "TEMP", "PRES", "Iws", "Is", "Ir")]
        winds = [float(row["cbwd"] == name) for name in ("NE", "NW", "SE", "cv")]
        assert one.past[place].tolist() == weather + winds and sum(winds) == 1


def test_beijing_stations(here):
    data = ready(BeijingMultiSite(columns=["PM2.5", "O3"], stations=["Dongsi", "Changping"]))
    rows = [*lines(here / "beijing_multisite" / "PRSA_Data_Dongsi_20130301-20170228.csv.gz")]
    one = data.series[0]
    assert [each.name for each in data.series] == ["Dongsi", "Changping"] and len(rows) == len(one.values) == 35064
    for column, name, missing in ((0, "PM2.5", 750), (1, "O3", 664)):
        told = [math.nan if row[name] == "NA" else float(row[name]) for row in rows]
        np.testing.assert_array_equal(one.values[:, column], told)
        assert np.isnan(one.values[:, column]).sum() == missing
    absent = [place for place, row in enumerate(rows) if row["wd"] == "NA"]
    assert absent and np.isnan(one.past[absent, 5:]).all() and np.nansum(one.past[:, 5:], 1).max() == 1
    assert data.sizes()["channels"] | {"past": 0} == dict.fromkeys(data.sizes()["channels"], 0) | {
        "values": 2,
        "series": 2,
    }
    with pytest.raises(InputError, match=r"stations: expected one of .*, got 'Donsi'. Did you mean Dongsi\?"):
        BeijingMultiSite(stations=["Donsi"])


def test_m4_hourly(here):
    data = ready(M4Hourly())
    assert len(data.series) == 414 and sorted({len(one.values) for one in data.series}) == [748, 1008]
    train, test = (lines(here / "m4_hourly" / f"Hourly-{part}.csv.gz") for part in ("train", "test"))
    for one, *rows in islice(zip(data.series, train, test, strict=True), 0, 414, 59):
        numbers = [[float(text) for text in [*row.values()][1:] if text] for row in rows]
        assert one.name == rows[0]["V1"] == rows[1]["V1"] and len(numbers[1]) == 48
        np.testing.assert_array_equal(one.values[:, 0], numbers[0] + numbers[1])
    assert len(data.places["test"]) == len(data.places["valid"]) == 414
    assert (data.places["test"][:, 1] + 168).tolist() == [len(one.values) - 48 for one in data.series]
    errors = data.baseline_errors("test")  # the competition's own figures
    told = {name: [round(errors[name][measure], 3) for measure in ("smape", "mase")] for name in errors}
    assert told["seasonal naive"] == [13.912, 1.193] and told["naive2"] == [18.383, 2.395]
    assert data.baselines("test")["naive2"] == errors["naive2"]["mse"]
    for one in data.series[::59]:  # the scale of what is read is that of the training part alone
        np.testing.assert_allclose(data.preprocessor.fitted[one.name].mean, one.values[:-96].mean(), rtol=1e-12)


def test_airline_passengers(here):
    rows = [*lines(here / "small_series" / "airline-passengers.csv")]
    data = ready(AirlinePassengers())
    assert data.series[0].values[:, 0].tolist() == [float(row["Passengers"]) for row in rows] and len(rows) == 144
    assert (str(data.series[0].start)[:7], data.series[0].frequency) == (rows[0]["Month"], "MS")


def embedded(source, name):
    from pathlib import Path

    with (Path(source.__file__).parent / name).open(encoding="utf-8") as file:
        return [*csv.DictReader(file)]


def test_fertility():
    rows = embedded(fertility_source, "fertility.csv")
    data = ready(Fertility())
    assert len(data.series) == 195 and {len(one.values) for one in data.series} == {52}
    by_name = {row["Country Name"]: row for row in rows}
    for one in data.series:
        told = [float(by_name[one.name][str(year)] or "nan") for year in range(1960, 2012)]
        np.testing.assert_array_equal(one.values[:, 0], told)
    assert any(np.isnan(one.values).any() for one in data.series)
    kept = {one.name for one in data.series}
    for name, row in by_name.items():
        known = {row[str(year)] for year in range(1960, 1996)} - {""}
        assert (name in kept) == (len({float(text) for text in known}) >= 10)


def test_macro():
    rows = embedded(macro_source, "macrodata.csv")
    data = ready(Macro())
    assert len(data.series) == 12 and data.series[0].frequency == "QS" and len(rows) == 203
    for one in data.series:
        assert one.values[:, 0].tolist() == [float(row[one.name]) for row in rows]
    with pytest.raises(InputError, match=r"columns: expected one of cpi, infl, .*, got 'gdp'"):
        Macro(columns=["gdp"])


def test_a_packed_file_of_another_content_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path))
    (tmp_path / "ETTh1").mkdir()
    packed = tmp_path / "ETTh1" / "ETTh1.csv.gz"
    packed.write_bytes(gzip.compress(b"date,OT\n"))
    with pytest.raises(InputError, match=r"ETTh1.csv.gz: expected SHA-256 f18de3ad269c... inside, got .*; delete the"):
        ETTh1().load()
    packed.write_bytes(packed.read_bytes()[:10] + b"\xff" * 20)  # a header, and nothing that can be unpacked
    with pytest.raises(InputError, match=r"ETTh1.csv.gz: expected a gzip file, got: .*; delete it"):
        ETTh1().load()
    packed.write_bytes(b"date,OT\n")
    with pytest.raises(InputError, match=r"ETTh1.csv.gz: expected a gzip file, got: .*; delete it"):
        ETTh1().load()
    (tmp_path / "ETTh1" / "ETTh1.csv").write_text("date,OT\n")
    with pytest.raises(InputError, match=r"ETTh1.csv: expected SHA-256 f18de3ad269c..., got"):
        ETTh1().load()


@pytest.mark.parametrize(("wrong", "told"), [({"columns": ["TO"]}, "columns"), ({"channels": "one"}, "channels")])
def test_wrong_arguments_of_etth1_are_refused_by_name(wrong, told):
    with pytest.raises(InputError, match=rf"data.init_args.{told}: expected one of"):
        ETTh1(**wrong)
