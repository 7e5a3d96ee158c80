"""Rows of the tables against the records that they show."""

import math

import pytest

from unrolled.reports.narrative.comparison import comparable_groups
from unrolled.reports.narrative.page_tables import contents, facts, headline, results_rows, signed, trial_table
from unrolled.reports.records import Curve, Parameter, Report, Results, Run, Study, Trial


def run(name: str, value: float, baselines: dict[str, float]) -> Run:
    return Run(name, f"runs/{name}", results=Results("test", "bits_per_character", value, baselines, None))


def test_results_rows_differ_from_the_best_model() -> None:
    """(1.5 - 2) / 2 = -0.25; (1.5 - 1.2) / 1.2 = 0.25; (1.5 - 1.875) / 1.875 = -0.2."""
    baselines = {"5-gram": 2.0, "lzma": 1.2, "odd": math.nan}
    (group,) = comparable_groups([run("a", 1.5, baselines), run("b", 1.875, baselines)])
    assert results_rows(group) == [
        ("lzma", "1.200", "+25.0\u00a0%", False),
        ("a", "1.500", "–", True),
        ("b", "1.875", "−20.0\u00a0%", True),
        ("the 5-gram", "2.000", "−25.0\u00a0%", False),
        ("odd", "not a number", "–", False),
    ]


@pytest.mark.parametrize(("x", "written"), [(0.0, "0.0 %"), (-0.0001, "0.0 %"), (0.5, "+50.0 %"), (math.nan, "–")])
def test_signed(x: float, written: str) -> None:
    assert signed(x).replace("\u00a0", " ") == written


@pytest.mark.parametrize(
    ("value", "tile"),
    [
        (1.0, ("2 of 2", "baselines beaten")),
        (1.5, ("1 of 2", "baselines beaten, not lzma")),
        (3.0, ("0 of 2", "baselines beaten")),
    ],
)
def test_the_head_of_the_page_counts_what_was_beaten(value: float, tile: tuple[str, str]) -> None:
    report = Report("r", (run("a", value, {"5-gram": 2.0, "lzma": 1.2, "odd": math.nan}),), ())
    assert tile in headline(report, comparable_groups(report.runs))


def test_the_head_of_an_empty_report_is_empty() -> None:
    assert headline(Report("r", (), ()), []) == []


STUDY = Study(
    "s",
    "runs/s",
    "val/loss",
    trials=(
        Trial(0, "complete", 2.0, {"a.lr": 0.01}, Curve((1, 2), (3.0, 2.0)), 62.0),
        Trial(1, "failed", params={"a.lr": 0.1}, error="ran out of memory"),
        Trial(2, "complete", 1.0, {"a.lr": 0.00134975, "a.cell": "GRU"}, seconds=3.0),
        Trial(3, "complete", math.inf),
    ),
    parameters={"a.lr": Parameter("a.lr"), "a.cell": Parameter("a.cell")},
)


def test_the_trial_table_has_the_best_first_and_its_own_sort_keys() -> None:
    headings, rows = trial_table(STUDY)
    assert [h for h, _ in headings] == ["trial", "state", "val/loss", "lr", "cell", "reports", "time", "error"]
    assert headings[3] == ("lr", "a.lr")
    assert [(kind, cells[0][0]) for kind, cells in rows] == [
        ("best", "2"),
        ("complete", "0"),
        ("failed", "1"),
        ("complete", "3"),
    ]
    assert rows[0][1][2:7] == [
        ("1.000", "1.0"),
        ("0.00135", "0.00134975"),
        ("GRU", "GRU"),
        ("0", "0"),
        ("3.0 s", "3.0"),
    ]
    assert rows[1][1][6] == ("1 min 2 s", "62.0")
    assert rows[2][1][2:] == [("–", ""), ("0.1", "0.1"), ("–", ""), ("0", "0"), ("–", ""), ("ran out of memory",) * 2]
    assert rows[3][1][2] == ("infinite", "")
    assert all(len(cells) == len(headings) for _, cells in rows)


def test_no_errors_no_column() -> None:
    headings, rows = trial_table(Study("s", "runs/s", trials=STUDY.trials[:1]))
    assert headings[-1][0] == "time"
    assert len(rows[0][1]) == len(headings)
    assert trial_table(Study("s", "runs/s"))[1] == []


def test_contents() -> None:
    mine = run("a", 1.0, {})
    assert contents(Report("r", (mine,), (STUDY,))) == "1 run and a sweep of 4 trials"
    assert contents(Report("r", (mine, mine), (STUDY, Study("t", "runs/t")))) == (
        "2 runs, a sweep of 4 trials and a sweep of 0 trials"
    )
    assert contents(Report("r", (), (STUDY,))) == "a sweep of 4 trials"


def test_facts_put_the_expected_first_and_keep_the_rest() -> None:
    environment = {
        "zebra": {"nested": [1, {"deep": None}]},
        "git": {"commit": "abc", "dirty": True},
        "seconds": 92.4,
        "parameters": 1234567,
        "packages": {"torch": "2.13.0", "numpy": "2.1"},
        "command": ["unrolled", "fit", "a b"],
    }
    assert facts(Run("a", "runs/a", environment=environment)) == [
        ("command", "unrolled fit 'a b'"),
        ("seconds", "1 min 32 s"),
        ("git", "commit abc, with uncommitted changes"),
        ("parameters", "1,234,567"),
        ("packages", "torch 2.13.0, numpy 2.1"),
        ("zebra", "nested 1 deep None"),
    ]
    odd = {"git": None, "seconds": "long", "command": 3, "parameters": None}
    assert facts(Run("a", "runs/a", environment=odd)) == [
        ("command", "3"),
        ("seconds", "long"),
        ("git", "unknown"),
        ("parameters", "unknown"),
    ]
    assert facts(Run("a", "runs/a", environment={"git": {"commit": "abc", "dirty": False}})) == [
        ("git", "commit abc, clean")
    ]
