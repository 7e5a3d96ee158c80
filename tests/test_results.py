"""The tables of docs/results/ agree with the file of measurements."""

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def recipes(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("recipes")
    for name in ("recipes", "experiment", "measured", "recipe_table", "headlines"):
        sys.modules.pop(name, None)


def test_the_pages_hold_what_was_measured(recipes: Any) -> None:
    tables = recipes.blocks(recipes.read())
    for file in recipes.RESULTS.glob("*.md"):
        text = file.read_text(encoding="utf-8")
        assert recipes.page(text, tables) == text, file.name


def test_each_table_is_on_one_page(recipes: Any) -> None:
    pages = "".join(file.read_text(encoding="utf-8") for file in recipes.RESULTS.glob("*.md"))
    written = re.findall(r"<!-- (.+), written by benchmarks/recipes\.py -->", pages)
    assert sorted(written) == sorted(recipes.blocks(recipes.read()))


def test_each_recipe_that_was_measured_opens_with_it(recipes: Any) -> None:
    figures = recipes.read()
    for name in {figure.recipe for figure in figures}:
        text = (recipes.recipe.SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
        line = recipes.headline([figure for figure in figures if figure.recipe == name])
        assert recipes.opened(text, line) == text, name


def test_a_headline_holds_metric_best_baseline_bleu_seconds_and_seeds(recipes: Any) -> None:
    given = [
        ("metric", "character_error_rate", 0.5), ("baseline", "copy", 0.75), ("baseline", "dictionary", 0.625),
        ("beside", "bleu", 20.0), ("beside", "chrf", 40.0), ("baseline of bleu", "copy", 1.0),
        ("seconds", "of training", 30.0),
    ]  # fmt: skip
    figures = [
        recipes.Figure("pairs", seed, kind, name, value * seed) for seed in (1, 3) for kind, name, value in given
    ]
    expected = (
        "# Result: character error rate 1 (dictionary 1.25), bleu 40 on the test data; 60 s on one core; 2 seeds."
    )
    assert recipes.headline(figures) == expected
    assert recipes.opened("# Pairs.\n# Result: old.\ntask: x\n", expected) == f"# Pairs.\n{expected}\ntask: x\n"
    assert recipes.headline(figures[:7]).endswith("; 30 s on one core; 1 seed.")
    for text in ("# Pairs.\ntask: x\n", "# Result: a\n# Result: b\n"):
        with pytest.raises(AssertionError, match="expected one line"):
            recipes.opened(text, expected)


def test_a_row_holds_mean_interval_baseline_and_seconds(recipes: Any) -> None:
    figures = [
        recipes.Figure("trec", seed, kind, name, value)
        for seed, *values in ((1, 0.8, 0.7, 10), (2, 0.9, 0.7, 30), (3, 1.0, 0.7, 20))
        for (kind, name), value in zip(
            [("metric", "accuracy"), ("baseline", "TF-IDF"), ("seconds", "of training")], values, strict=True
        )
    ]
    (row,) = recipes.table(figures).splitlines()[2:]
    # t of 2 degrees of freedom at 97.5 %: 4.3027; 4.3027 * 0.1 / sqrt(3) = 0.2484
    assert row == "| trec | accuracy | 0.9 ± 0.25 | 3 | TF-IDF 0.7 | 20 |"
    (row,) = recipes.table(figures[:3]).splitlines()[2:]
    assert row == "| trec | accuracy | 0.8 | 1 | TF-IDF 0.7 | 10 |"


def test_a_summary_marks_the_better_of_model_and_best_baseline(recipes: Any) -> None:
    def row(values: list[float], **baselines: float) -> str:
        measured = [
            recipes.Figure("trec", seed, kind, name, value)
            for seed, reached in enumerate(values, 1)
            for kind, name, value in [
                ("metric", "error_rate", reached), *(("baseline", name, value) for name, value in baselines.items())
            ]
        ]  # fmt: skip
        return importlib.import_module("recipe_table").summary(measured).splitlines()[2].split(") | error rate | ")[1]

    # 4.3027 * 0.01 / sqrt(3) = 0.024842, the interval's half for 0.1, 0.11 and 0.12
    assert row([0.10, 0.11, 0.12], a=0.2, b=0.14) == "**0.110 ± 0.025** | 0.14 | b |"
    assert row([0.10, 0.11, 0.12], a=0.2, b=0.13) == "0.110 ± 0.025 | 0.13 | b |"
    assert row([0.10, 0.11, 0.12], a=0.08) == "0.110 ± 0.025 | **0.08** | a |"
    assert row([0.10], a=0.08) == "0.1 (1 seed) | **0.08** | a |"
    assert row([0.0, 0.0, 0.0], a=0.5) == "**0 ± 0** | 0.5 | a |"


def test_a_recipe_is_measured_by_the_command_that_users_give(recipes: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Its seed and folder reach the run; the results of `test` come back."""
    small = ["--trainer.max_epochs", "1", "--trainer.limit_train_batches", "2", "--data.init_args.eval_batches", "1"]
    real = recipes.subprocess.run
    monkeypatch.setattr(
        recipes.subprocess, "run", lambda words, **given: real([*words, *(small if "fit" in words else [])], **given)
    )
    found = recipes.measure("parity", 7, tmp_path)
    assert {(f.kind, f.name) for f in found} >= {("metric", "nats_per_target"), ("baseline", "chance")}
    assert {f.seed for f in found} == {7} and (tmp_path / "parity-7" / "results.json").is_file()
