"""A run's folder, whole, partial and damaged, against what was written into it."""

import json
import math
from pathlib import Path

import pytest

from reports.folders import CURVES, ENVIRONMENT, RECIPE, RESULTS, write_run
from unrolled.reports.loading.run import is_run, read_run
from unrolled.reports.records import Curve, Sample


def test_reads_what_was_written(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "mine"))
    assert (run.name, run.folder) == ("mine", (tmp_path / "mine").as_posix())
    assert (run.recipe, run.environment, run.problems) == (RECIPE, ENVIRONMENT, ())
    assert set(run.curves) == {"train/loss", "val/loss"}
    for name, curve in run.curves.items():
        assert list(zip(curve.steps, curve.values, strict=True)) == [(s, v) for s, n, v in CURVES if n == name]
    assert run.results is not None
    assert (run.results.metric, run.results.value) == ("bits_per_character", 1.74)
    assert run.results.baselines == RESULTS["baselines"]
    assert run.results.sample == Sample("The list ", "of objects is", 0.7)


def test_an_empty_folder_is_no_run_and_reads_as_sentences(tmp_path: Path) -> None:
    assert not is_run(tmp_path)
    run = read_run(tmp_path)
    assert run.results is None
    assert [problem.split()[0] for problem in run.problems] == ["recipe.yaml", "environment.json", "metrics.csv"]


def test_the_last_value_of_a_step_counts_and_steps_are_sorted(tmp_path: Path) -> None:
    curves = [(20, "val/loss", 9.0), (10, "val/loss", 3.0), (20, "val/loss", 2.0)]
    assert read_run(write_run(tmp_path, curves=curves)).curves["val/loss"] == Curve((10, 20), (3.0, 2.0))


def test_nan_and_inf_stay_but_are_not_finite(tmp_path: Path) -> None:
    curves = [(1, "val/loss", math.nan), (2, "val/loss", math.inf), (3, "val/loss", 1.0)]
    curve = read_run(write_run(tmp_path, curves=curves)).curves["val/loss"]
    assert len(curve.values) == 3
    assert curve.finite == [(3, 1.0)]


@pytest.mark.parametrize("torn", ["30,0,val/lo", "30", "x,0,val/loss,1.0", "30,0,val/loss,", "30,0,val/loss,abc"])
def test_a_torn_line_is_told_and_left_out(tmp_path: Path, torn: str) -> None:
    write_run(tmp_path)
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write(torn)
    run = read_run(tmp_path)
    assert run.curves["val/loss"] == Curve((20, 40), (2.1, 1.6))
    assert run.problems == ("1 line of metrics.csv could not be read.",)


@pytest.mark.parametrize("content", ["", "step,epoch,name,value\n", "nothing like a table\n", "\0\0\0"])
def test_a_table_without_metrics_is_told(tmp_path: Path, content: str) -> None:
    write_run(tmp_path, curves=None)
    (tmp_path / "metrics.csv").write_text(content)
    run = read_run(tmp_path)
    assert run.curves == {}
    assert "metrics.csv holds no metrics: there are no learning curves." in run.problems


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("recipe.yaml", "a: [1"),
        ("recipe.yaml", "- a list"),
        ("recipe.yaml", "!!python/object:os.system {}"),
        ("recipe.yaml", ""),
        ("environment.json", "{"),
        ("environment.json", "[1]"),
        ("results.json", "{'no': json"),
        ("results.json", "null"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, file: str, content: str) -> None:
    write_run(tmp_path)
    (tmp_path / file).write_text(content)
    run = read_run(tmp_path)
    (problem,) = run.problems
    assert problem.startswith(file)
    assert "\n" not in problem
    assert (run.results is None) == (file == "results.json")


@pytest.mark.parametrize(
    "results",
    [
        {"split": "test"},
        {"metrics": None, "baselines": None, "sample": None},
        {"metrics": {"test/bits_per_character": "high"}, "baselines": ["lzma"], "sample": "text"},
        {"metrics": {"test/bits_per_character": True}, "baselines": {}, "sample": {"prefix": "a"}},
    ],
)
def test_odd_results_are_nan_and_nothing(tmp_path: Path, results: dict[str, object]) -> None:
    read = read_run(write_run(tmp_path, results=results)).results
    assert read is not None
    assert math.isnan(read.value)
    assert (read.baselines, read.sample) == ({}, None)


def test_words_are_judged_by_perplexity(tmp_path: Path) -> None:
    content = {
        "split": "test",
        "unit": "word",
        "metrics": {"test/perplexity": 143.2},
        "baselines": {"trigram": 180.5, "unigram": None},
        "sample": {"prefix": "the jury", "text": " said .", "temperature": None},
    }
    read = read_run(write_run(tmp_path, results=content)).results
    assert read is not None
    assert (read.metric, read.value, read.baselines["trigram"]) == ("perplexity", 143.2, 180.5)
    assert math.isnan(read.baselines["unigram"])
    assert read.sample == Sample("the jury", " said .", None)


def test_json_with_nan_is_read(tmp_path: Path) -> None:
    write_run(tmp_path, results=None)
    text = json.dumps({"metrics": {"test/bits_per_character": math.nan}, "baselines": {"lzma": math.inf}})
    (tmp_path / "results.json").write_text(text)
    read = read_run(tmp_path).results
    assert read is not None
    assert math.isnan(read.value)
    assert math.isinf(read.baselines["lzma"])
