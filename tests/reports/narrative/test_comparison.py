"""Which runs are comparable, and verdicts against arithmetic done by hand."""

import math

import pytest

from unrolled.reports.narrative.comparison import comparable_groups, families, relative, seeds, verdict
from unrolled.reports.records import Results, Run

BASELINES = {"trigram": 2.4, "lzma": 1.45}


def run(
    name: str, value: float, *, seed: object = 1, data: str = "PythonDocs", baselines: dict[str, float] = BASELINES
) -> Run:
    recipe = {"seed": seed, "data": {"class_path": f"unrolled.data.{data}"}}
    return Run(name, f"runs/{name}", recipe, results=Results("test", "bits_per_character", value, baselines, None))


@pytest.mark.parametrize(
    ("model", "baseline", "difference", "kind"),
    [
        (1.5, 2.0, -0.25, "better"),
        (2.5, 2.0, 0.25, "worse"),
        (2.0, 2.0, 0.0, "equal"),
        (2.0009, 2.0, 0.00045, "equal"),
        (2.0011, 2.0, 0.00055, "worse"),
        (1.0, 0.0, math.nan, "unknown"),
        (1.0, -1.0, math.nan, "unknown"),
        (1.0, math.nan, math.nan, "unknown"),
        (math.inf, 1.0, math.nan, "unknown"),
    ],
)
def test_verdict(model: float, baseline: float, difference: float, kind: str) -> None:
    assert relative(model, baseline) == pytest.approx(difference, nan_ok=True)
    assert verdict(model, baseline) == kind


def test_runs_of_one_text_stand_together_the_best_first() -> None:
    (group,) = comparable_groups([run("b", 1.8), run("a", 1.7), Run("untested", "runs/u"), run("broken", math.nan)])
    assert [r.name for r in group.runs] == ["a", "b"]
    assert (group.text, group.metric, group.split, group.baselines) == (
        "PythonDocs",
        "bits_per_character",
        "test",
        BASELINES,
    )


def test_other_texts_are_kept_apart() -> None:
    other = {**BASELINES, "lzma": 1.46}
    made = comparable_groups([run("a", 1.7), run("b", 1.6, baselines=other), run("c", 1.5, data="BrownCorpus")])
    assert [[r.name for r in group.runs] for group in made] == [["a"], ["b"], ["c"]]


def test_baselines_that_are_nan_do_not_part_a_group() -> None:
    broken = {"lzma": math.nan}
    assert (
        len(comparable_groups([run("a", 1.7, baselines=broken), run("b", 1.6, baselines={"lzma": float("nan")})])) == 1
    )


def test_families_differ_in_the_seed_alone() -> None:
    a, b, c = run("a", 1.7, seed=1), run("b", 1.6, seed=2), run("c", 1.6, data="BrownCorpus")
    assert families([a, b, c]) == [[a, b], [c]]
    assert [seeds([a, b]), seeds([a, a])] == [2, 1]


def test_runs_without_a_recipe_are_no_family() -> None:
    assert len(families([Run("a", "runs/a"), Run("b", "runs/b")])) == 2


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("PythonDocs", "PythonDocs"),
        ({"class_path": "a.b.Brown"}, "Brown"),
        (None, ""),
        (7, ""),
        ({"class_path": 1}, ""),
    ],
)
def test_the_text_is_named_as_the_recipe_does(data: object, text: str) -> None:
    results = Results("test", "perplexity", 9.0, {}, None)
    (group,) = comparable_groups([Run("a", "runs/a", {"data": data}, results=results)])
    assert group.text == text


def generated(name: str, value: float, metric: str = "mse", **arguments: object) -> Run:
    data = {"class_path": "AddingProblem", "init_args": {"length": 100, "batches": 9, "seed": 1} | arguments}
    return Run(name, f"runs/{name}", {"data": data}, results=Results("test", metric, value, {"constant": 1 / 6}, None))


def test_generated_data_of_other_arguments_are_kept_apart_though_their_baselines_are_equal() -> None:
    runs = [generated("a", 0.1), generated("b", 0.2, batches=5, batch_size=7), generated("c", 0.1, length=400)]
    made = comparable_groups([*runs, generated("d", 0.1, seed=2)])
    assert [[r.name for r in group.runs] for group in made] == [["a", "b"], ["c"], ["d"]]
    assert [group.text for group in made[:2]] == ["AddingProblem (length 100)", "AddingProblem (length 400)"]


def test_arguments_of_a_text_part_no_group() -> None:
    (group,) = comparable_groups(
        [generated("a", 9.0, "perplexity", path="x"), generated("b", 8.0, "perplexity", path="./x")]
    )
    assert group.text == "AddingProblem"
