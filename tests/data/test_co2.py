import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import statsmodels.datasets.co2 as source

from unrolled.data import CO2


def by_hand():
    """Months of the weekly file and their means, nan where a month has no week with a value."""
    weeks = defaultdict(list)
    with (Path(source.__file__).parent / "co2.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            date = row["date"].removesuffix(".0")
            value = float(row["co2"]) if row["co2"] not in ("", ".") else float("nan")
            weeks[int(date[:4]), int(date[4:6])].append(value)
    months = [(year, month) for year in range(1958, 2002) for month in range(1, 13)][2:]  # from March 1958
    known = [[value for value in weeks[month] if value == value] for month in months]
    return months, np.array([np.mean(values) if values else np.nan for values in known])


def test_monthly_means_of_the_weekly_file_with_the_gaps_filled_linearly():
    months, means = by_hand()
    gaps = [month for month, mean in zip(months, means, strict=True) if np.isnan(mean)]
    assert gaps == [(1958, 6), (1958, 10), (1964, 2), (1964, 3), (1964, 4)]
    places, known = np.arange(len(means)), ~np.isnan(means)
    expected = np.interp(places, places[known], means[known])
    np.testing.assert_allclose(CO2().load().numpy(), expected, rtol=1e-13)


def test_the_gaps_are_of_the_training_part_so_that_none_is_filled_across_a_border():
    data = CO2()
    data.setup()
    assert {split: len(part) for split, part in data.parts.items()} == {"train": 263, "valid": 131, "test": 132}
    assert len(by_hand()[0]) == 526 and 1958 + (263 + 2) // 12 > 1964
    assert data.baselines("test")["seasonal naive"] < data.baselines("test")["naive"]
