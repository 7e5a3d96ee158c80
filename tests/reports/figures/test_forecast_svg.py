"""The plot of forecasts: points where they belong, nothing of a name taken for markup."""

import math
from xml.etree import ElementTree

import pytest

from unrolled.reports.figures.forecast_svg import BOTTOM, HEIGHT, LEFT, PANELS, RIGHT, TOP, WIDTH, Panel, svg

SPACE = "{http://www.w3.org/2000/svg}"


def drawn(panel: Panel) -> dict[str, list[tuple[float, float]]]:
    """The points of each line, by its class."""
    root = ElementTree.fromstring(svg([panel]))
    marks = [*root.iter(f"{SPACE}polyline"), *root.iter(f"{SPACE}polygon")]
    return {
        mark.get("class", ""): [tuple(map(float, p.split(","))) for p in mark.get("points", "").split()]
        for mark in marks
    }


def test_lines_run_over_the_panel_in_the_scale_of_their_numbers() -> None:
    found = drawn(Panel("a", [0.0, 10.0], ["x", "y", "z"], [5.0, 5.0, 0.0], [4.0, 3.0, 0.0], [6.0, 7.0, 10.0]))
    step, top, bottom = (WIDTH - LEFT - RIGHT) / 4, TOP, HEIGHT - BOTTOM
    middle = (top + bottom) / 2
    assert found["history"] == [(LEFT, bottom), (pytest.approx(LEFT + step, abs=0.06), top)]
    places = [LEFT + n * step for n in (1, 2, 3, 4)]
    assert [x for x, _ in found["forecast"]] == pytest.approx(places, abs=0.06)  # joined to the last number read
    assert [y for _, y in found["forecast"]] == pytest.approx([top, middle, middle, bottom], abs=0.06)
    assert len(found["band"]) == 6 and found["band"][2][1] == top and found["band"][3][1] == bottom


def test_what_was_read_breaks_at_a_gap_and_a_lone_number_is_a_dot() -> None:
    history = [1.0, 2.0, math.nan, 3.0, math.nan, math.nan, 4.0, 5.0, 5.0]
    root = ElementTree.fromstring(svg([Panel("a", history, ["x"], [5.0])]))
    lines = [mark.get("points", "").split() for mark in root.iter(f"{SPACE}polyline") if mark.get("class") == "history"]
    steps = [[round((float(p.split(",")[0]) - LEFT) / ((WIDTH - LEFT - RIGHT) / 9)) for p in line] for line in lines]
    assert sorted(steps) == [[0, 1], [3, 3], [6, 7, 8]]


def test_a_point_has_no_band_and_numbers_that_are_none_are_left_out() -> None:
    found = drawn(Panel("a", [1.0, math.nan, 2.0], ["x"], [math.inf]))
    assert "band" not in found and len({*found["history"]}) == 1 and len(found["forecast"]) == 1
    assert all(math.isfinite(x) for points in found.values() for point in points for x in point)
    for constant in ([3.0, 3.0], [math.nan]):
        assert "nan" not in svg([Panel("a", constant, ["x"], constant)])


def test_names_are_no_markup_and_a_file_holds_so_many_series() -> None:
    root = ElementTree.fromstring(svg([Panel("<script>&", [1.0], ["<b>"], [2.0])] * (PANELS + 3)))
    titles = [mark.text for mark in root.iter(f"{SPACE}text") if mark.get("class") == "title"]
    assert titles == ["<script>&"] * PANELS
    assert root.get("height") == str(HEIGHT * PANELS) and not [*root.iter(f"{SPACE}script")]
