import csv
from pathlib import Path

import numpy as np
import statsmodels.datasets.sunspots as source

from unrolled.data import Sunspots


def test_the_numbers_are_those_of_the_file_and_none_is_missing():
    with (Path(source.__file__).parent / "sunspots.csv").open(encoding="utf-8") as file:
        rows = [(int(float(row["YEAR"])), float(row["SUNACTIVITY"])) for row in csv.DictReader(file)]
    assert [year for year, _ in rows] == list(range(1700, 2009))  # every year once and in order
    np.testing.assert_array_equal(Sunspots().load().numpy(), [number for _, number in rows])


def test_the_defaults_give_windows_in_every_split():
    data = Sunspots()
    data.setup()
    assert {split: len(part) for split, part in data.parts.items()} == {"train": 154, "valid": 78, "test": 77}
    assert [len(data.windows(split)) for split in data.parts] == [95, 19, 18]
    assert data.baselines("test")["seasonal naive"] < data.baselines("test")["naive"]
