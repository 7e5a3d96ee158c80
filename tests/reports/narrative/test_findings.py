"""Sentences against numbers worked out by hand, the losing cases first of all."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.folders import RESULTS, results, write_run
from unrolled.reports.loading.run import read_run
from unrolled.reports.narrative.comparison import comparable_groups
from unrolled.reports.narrative.findings import (
    against_baselines,
    findings,
    group_findings,
    loss_course,
    one_seed,
    run_cautions,
)
from unrolled.reports.records import Curve, Report, Results, Run


def measured(value: float, baselines: dict[str, float], name: str = "mine", seed: int = 1) -> Run:
    recipe = {"data": "PythonDocs", "seed": seed}
    return Run(name, f"runs/{name}", recipe, results=Results("test", "bits_per_character", value, baselines, None))


def sentences(value: float, baselines: dict[str, float]) -> str:
    return " ".join(against_baselines(measured(value, baselines))).replace("\u00a0", " ")


def test_wins_and_losses_with_their_per_cents() -> None:
    """(4.35 - 1.74) / 4.35 = 0.6; (2.4 - 1.74) / 2.4 = 0.275; (2 - 1.74) / 2 = 0.13; (1.74 - 1.45) / 1.45 = 0.2."""
    assert sentences(1.74, RESULTS["baselines"]) == (
        "It beats the unigram (4.350) by 60.0 %, the trigram (2.400) by 27.5 % and the 5-gram (2.000) by 13.0 %. "
        "It loses to lzma (1.450) by 20.0 %."
    )


def test_a_model_that_loses_to_all_says_so() -> None:
    """(5 - 4) / 4 = 0.25; (5 - 2) / 2 = 1.5."""
    assert sentences(5.0, {"unigram": 4.0, "5-gram": 2.0}) == (
        "It beats none of the baselines and loses to the unigram (4.000) by 25.0 % and the 5-gram (2.000) by 150.0 %."
    )


def test_a_tie_is_neither() -> None:
    assert sentences(2.0005, {"5-gram": 2.0}) == "It equals the 5-gram (2.000) to within 0.05 %."
    assert sentences(2.0, {"5-gram": 2.0, "lzma": 1.0}) == (
        "It equals the 5-gram (2.000) to within 0.05 %. It loses to lzma (1.000) by 100.0 %."
    )


def test_unusable_baselines_are_told_and_not_compared() -> None:
    assert sentences(2.0, {"lzma": math.nan, "5-gram": 4.0, "zero": 0.0}) == (
        "It beats the 5-gram (4.000) by 50.0 %. There is no usable value for lzma and zero."
    )
    assert sentences(2.0, {}) == "There are no baselines to compare it with."


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_what_is_said_of_one_baseline_is_true(model: float, baseline: float) -> None:
    text = sentences(model, {"lzma": baseline})
    if text.startswith("It beats lzma"):
        assert model < baseline
    elif text.startswith("It beats none"):
        assert model > baseline
    else:
        assert text.startswith("It equals")
        assert abs(model - baseline) <= 0.0005 * baseline
        return
    per_cent = float(text.rsplit(" by ", 1)[1].removesuffix(" %.").replace(",", ""))
    assert per_cent == pytest.approx(100 * abs(model - baseline) / baseline, abs=0.051)


def test_one_run() -> None:
    (group,) = comparable_groups([measured(1.5, {"lzma": 2.0})])
    assert group_findings(group) == [
        "mine reaches 1.500 bits per character on the test text of PythonDocs.",
        "It beats lzma (2.000) by 25.0\u00a0%.",
    ]


def test_several_runs_name_the_best_and_the_next() -> None:
    (group,) = comparable_groups([measured(1.65, {"lzma": 2.0}, "b", seed=2), measured(1.5, {"lzma": 2.0}, "a")])
    parts = [sentence.replace("\u00a0", " ") for sentence in group_findings(group)]
    assert parts[0].startswith("Of 2 tested runs, a is the best: it reaches 1.500 bits per character")
    assert parts[2] == "The next is b with 1.650, 10.0 % higher."
    assert parts[3] == "Over 2 runs of one recipe with 2 seeds (a and b) the mean is 1.575, from 1.500 to 1.650."
    assert one_seed(group) == ""


def test_the_same_seed_twice_is_one_seed() -> None:
    (group,) = comparable_groups([measured(1.5, {}, "a"), measured(1.5, {}, "b")])
    assert "The next is b with 1.500, the same to within 0.05\u00a0%." in group_findings(group)
    assert not any("mean" in sentence for sentence in group_findings(group))
    assert one_seed(group).startswith("a was trained with one seed:")


def test_perplexity_reads_as_words_do() -> None:
    run = Run("words", "runs/words", results=Results("test", "perplexity", 150.0, {"trigram": 200.0}, None))
    (group,) = comparable_groups([run])
    assert group_findings(group)[0] == "words reaches a perplexity of 150.0 on the test text."


def test_generated_data_are_no_text() -> None:
    recipe = {"data": {"class_path": "CopyMemory", "init_args": {"delay": 5, "symbols": 8, "seed": 1, "batch_size": 2}}}
    results = Results("test", "nats_per_target", 0.25, {"memoryless": 0.5}, None)
    (group,) = comparable_groups([Run("mine", "runs/mine", recipe, results=results)])
    assert group_findings(group) == [
        "mine reaches 0.2500 nats per target on the test data of CopyMemory (delay 5, symbols 8).",
        "It beats a model without memory (0.5000) by 50.0\u00a0%.",
    ]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((3.0, 2.0, 1.0), "was at its lowest (1.000) at the last measurement, step 3,000: longer training may lower"),
        (
            (3.0, 1.0, 1.2),
            "was lowest at step 2,000 (1.000) and 20.0\u00a0% higher at the last measurement, step 3,000.",
        ),
        ((3.0, 1.0, 1.0), ""),
        ((3.0, 1.0, 1.0001), ""),
        ((3.0, math.nan, math.nan), ""),
        ((3.0, -1.0, -0.5), ""),
        ((), ""),
    ],
)
def test_the_course_of_the_validation_loss(values: tuple[float, ...], text: str) -> None:
    curve = Curve(tuple(1000 * (i + 1) for i in range(len(values))), values)
    sentence = loss_course(Run("mine", "runs/mine", curves={"val/loss": curve}))
    assert text in sentence
    assert bool(text) == bool(sentence)


def test_cautions_of_a_run() -> None:
    broken = Curve((10, 20, 30), (1.0, math.nan, math.inf))
    run = Run("mine", "runs/mine", curves={"val/loss": broken}, problems=("recipe.yaml is missing.",))
    assert run_cautions(run) == [
        "mine: recipe.yaml is missing.",
        "mine has no test results yet: `unrolled test` writes them.",
        "val/loss of mine was not finite in 2 of 3 measurements, first at step 20.",
    ]
    tested_run = replace(measured(math.nan, {}), results=Results("test", "bits_per_character", math.nan, {}, None))
    assert run_cautions(tested_run) == ["mine has no finite test bits per character in results.json."]


def test_an_empty_report_says_what_is_missing() -> None:
    report = findings(Report("nothing", (), ()))
    assert report.found == ("No run has a usable test result, so there is no comparison with baselines.",)
    assert report.cautions == ()


def test_from_files_to_sentences(tmp_path: Path) -> None:
    runs = tuple(
        read_run(write_run(tmp_path / name, results=results(value)))
        for name, value in (("good", 1.74), ("bad", 4.785), ("diverged", math.nan))
    )
    report = findings(Report("r", runs, ()))
    assert report.found[0].startswith("Of 2 tested runs, good is the best: it reaches 1.740 bits per character")
    assert "The next is bad with 4.785, 175.0\u00a0% higher." in report.found[0]
    assert "diverged has no finite test bits per character in results.json." in report.cautions
