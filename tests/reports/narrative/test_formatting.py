"""Numbers as they are written, and that a reader cannot be misled by the rounding."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.reports.narrative.formatting import (
    baseline_label,
    count_noun,
    data_kind,
    format_duration,
    format_number,
    format_percent,
    format_setting,
    listing,
    with_unit,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.74, "1.740"),
        (0.01234567, "0.01235"),
        (143.21, "143.2"),
        (12345.6, "12,346"),
        (0, "0"),
        (-1.5, "-1.500"),
        (1.2344e-7, "1.234e-07"),
        (9.87e9, "9.870e+09"),
        (math.nan, "not a number"),
        (math.inf, "infinite"),
        (-math.inf, "minus infinite"),
    ],
)
def test_figure(value: float, written: str) -> None:
    assert format_number(value) == written


@given(st.floats(-1e300, 1e300))
def test_a_figure_is_the_number_to_a_thousandth(value: float) -> None:
    assert float(format_number(value).replace(",", "")) == pytest.approx(value, rel=1e-3, abs=1e-320)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (92.4, "1 min 32 s"),
        (3725, "1 h 2 min"),
        (math.nan, "–"),
    ],
)
def test_duration(seconds: float, written: str) -> None:
    assert format_duration(seconds) == written


def test_the_rest() -> None:
    assert format_percent(-0.0842) == "8.4\u00a0%"
    assert format_percent(12.3456) == "1,234.6\u00a0%"
    assert [count_noun(0, "run"), count_noun(1, "run"), count_noun(1200, "run")] == ["0 runs", "1 run", "1,200 runs"]
    assert [listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"]), listing([])] == [
        "a",
        "a and b",
        "a, b and c",
        "",
    ]
    assert [format_setting(v) for v in (0.00134975, 256, "tanh", None, True)] == [
        "0.00135",
        "256",
        "tanh",
        "None",
        "True",
    ]
    assert with_unit(1.74, "bits_per_character") == "1.740 bits per character"
    assert with_unit(143.2, "perplexity") == "a perplexity of 143.2"
    assert with_unit(0.5, "mean_error") == "a mean error of 0.5000"
    assert with_unit(0.25, "mse") == "a mean squared error of 0.2500"
    assert with_unit(0.25, "error_rate") == "an error rate of 0.2500"
    assert with_unit(1.9, "free_running_mse") == "a free-running mean squared error of 1.900"
    assert with_unit(1.386, "nats_per_target") == "1.386 nats per target"


def test_what_it_was_measured_on_and_what_it_beats() -> None:
    assert [data_kind(m) for m in ("perplexity", "bits_per_character", "mse", "nats_per_target")] == [
        *("text", "text"),
        *("data", "data"),
    ]
    names = ["trigram", "lzma", "constant", "memoryless", "chance", "state at zero", "naive", "seasonal naive"]
    assert [baseline_label(name) for name in names] == [
        *("the trigram", "lzma", "a constant", "a model without memory", "chance", "a state fixed at zero"),
        *("the last value repeated", "the last season repeated"),
    ]
