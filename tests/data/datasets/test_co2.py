import csv
from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import statsmodels.datasets.co2 as source

from unrolled.data import CO2
from unrolled.errors import InputError


def weeks():
    """(date, value) of the file; nan where it has none."""
    with (Path(source.__file__).parent / "co2.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            day = row["date"].removesuffix(".0")
            value = float(row["co2"]) if row["co2"] not in ("", ".") else float("nan")
            yield date(int(day[:4]), int(day[4:6]), int(day[6:])), value


def by_month():
    """Months of the weekly file and their means, nan where a month has no week with a value."""
    found = defaultdict(list)
    for day, value in weeks():
        found[day.year, day.month].append(value)
    months = [(year, month) for year in range(1958, 2002) for month in range(1, 13)][2:]  # from March 1958
    known = [[value for value in found[month] if value == value] for month in months]
    return months, np.array([np.mean(values) if values else np.nan for values in known])


def test_monthly_means_of_the_weekly_file_with_the_gaps_kept():
    months, means = by_month()
    gaps = [month for month, mean in zip(months, means, strict=True) if np.isnan(mean)]
    assert gaps == [(1958, 6), (1958, 10), (1964, 2), (1964, 3), (1964, 4)]
    (one,) = CO2().load()
    np.testing.assert_allclose(one.values[:, 0], means, rtol=1e-13)
    assert (str(one.start), one.frequency) == ("1958-03-01 00:00:00", "MS")


def test_the_weeks_of_the_file_with_the_gaps_kept():
    days, values = zip(*weeks(), strict=True)
    assert {(after - day).days for day, after in pairwise(days)} == {7} and days[0].weekday() == 5
    (one,) = CO2(step="week", context=52).load()
    np.testing.assert_array_equal(one.values[:, 0], values)
    assert len(values) == 2284 and np.isnan(one.values).sum() == 59 and one.start.date() == days[0]


def test_the_defaults_give_windows_in_every_split():
    for data in (CO2(), CO2(step="week", context=104)):
        data.setup()
        assert (
            data.baselines("test")["linear"]
            < data.baselines("test")["seasonal naive"]
            < data.baselines("test")["naive"]
        )
    with pytest.raises(InputError, match="data.init_args.step: expected month or week, got 'day'"):
        CO2(step="day")
