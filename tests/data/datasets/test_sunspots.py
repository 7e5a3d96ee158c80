import csv
from pathlib import Path

import numpy as np
import statsmodels.datasets.sunspots as source

from unrolled.data import Sunspots


def test_the_numbers_are_those_of_the_file_and_none_is_missing():
    with (Path(source.__file__).parent / "sunspots.csv").open(encoding="utf-8") as file:
        rows = [(int(float(row["YEAR"])), float(row["SUNACTIVITY"])) for row in csv.DictReader(file)]
    assert [year for year, _ in rows] == list(range(1700, 2009))  # every year once and in order
    (one,) = Sunspots().load()
    np.testing.assert_array_equal(one.values[:, 0], [number for _, number in rows])
    assert one.start.year == 1700 and one.frequency == "YS"


def test_the_defaults_give_windows_in_every_split():
    data = Sunspots()
    data.setup()
    assert data.split_ends == [(154, 232, 309)]
    assert [len(data.places[split]) for split in data.places] == [95, 55, 54]
    assert data.baselines("test")["seasonal naive"] < data.baselines("test")["naive"]
