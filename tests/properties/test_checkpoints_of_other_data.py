"""A checkpoint beside other data than it was trained on: what is right goes on, the rest is refused in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unrolled.cli import main
from unrolled.config import recipe
from unrolled.runs.build import parse
from unrolled.runs.fit import fit

ROWS = "".join(f"film {i} is {word},{label}\n" for i in range(30) for word, label in (("good", "yes"), ("dull", "no")))
FILMS = f"text,label\n{ROWS}"
LINES = "".join(f"word {n}\tWort {n} und\n" for n in range(90))
PAIRS = f"source\ttarget\n{LINES}"
SMALL = {"class_path": "GRU", "init_args": {"hidden_size": 4}}
FORMS: dict[str, tuple[str, str, dict[str, Any]]] = {  # the file, what it holds, the recipe
    "films": ("films.csv", FILMS, {"task": "SequenceClassification", "data": "TextTable"}),
    "pairs": ("pairs.tsv", PAIRS, {"task": "Translation", "data": "PairTable"}),
    "prose": ("prose.txt", "a good film is dull. " * 200, {"task": "LanguageModeling", "data": "TextFile"}),
}
ASK = {"films": ["predict", "--text", "film"], "pairs": ["translate", "--text", "word"], "prose": ["generate"]}
ASK["prose"] += ["--prefix", "a ", "--length", "5"]

Make = Callable[..., Path]


@pytest.fixture
def make(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("WANDB_MODE", "disabled")

    def train(kind: str, run: str, change: tuple[str, str] = ("", ""), **given: Any) -> Path:
        """Train a run for one epoch on a file of its own."""
        name, text, form = FORMS[kind]
        path = workdir / f"{run}_{name}"
        path.write_text(text.replace(*change), encoding="utf-8")
        init_args = {"path": str(path), "batch_size": 8, **given}
        written = {
            **form,
            "data": {"class_path": form["data"], "init_args": init_args},
            "architecture": SMALL,
            "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.01}},
            "trainer": {"max_epochs": 1, "accelerator": "cpu", "limit_train_batches": 2},
        }
        fit(parse(recipe.normalise(written, "test")), workdir / "runs" / run, progress=False)
        return path

    return train


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main([*words]) == 2
    told = capsys.readouterr()
    last = told.err.splitlines()[-1]  # before it stands, what data were read
    assert last.startswith("unrolled: error: ") and told.out == "" and "Traceback" not in told.err
    return last


@pytest.mark.parametrize("kind", FORMS)
def test_a_run_is_asked_with_the_vocabulary_that_it_was_trained_on(
    make: Make, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever has become of the file: it is not read."""
    path = make(kind, "mine")
    asked = [ASK[kind][0], "runs/mine", *ASK[kind][1:]]
    assert main(asked) == 0
    told = capsys.readouterr().out
    path.write_text("something else altogether", encoding="utf-8")
    assert main(asked) == 0 and capsys.readouterr().out == told
    path.unlink()
    assert main(asked) == 0 and capsys.readouterr().out == told


@pytest.mark.parametrize(
    ("kind", "change", "given", "named"),
    [
        ("films", ("good", "fine"), {}, "vocabulary"),
        ("films", (",no", ",never"), {}, "classes"),
        ("films", ("", ""), {"level": "character"}, "vocabulary"),
        ("pairs", ("Wort", "mot"), {}, "target"),
        ("pairs", ("", ""), {"punctuation": True}, "written"),
        ("prose", ("dull", "fine"), {}, "vocabulary"),
    ],
)
def test_a_checkpoint_of_other_data_is_refused(
    make: Make, kind: str, change: tuple[str, str], given: Any, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its numbers would be read by its own vocabulary, but by the run's arguments."""
    make(kind, "mine")
    make(kind, "other", change, **given)
    make(kind, "twin")
    theirs = "runs/other/checkpoints/best.ckpt"
    told = refused(capsys, ASK[kind][0], "runs/mine", *ASK[kind][1:], "--ckpt_path", theirs)
    expected = f"{theirs}: expected a checkpoint trained on the data of runs/mine, got one with other {named};"
    assert expected in told
    assert named in refused(capsys, "test", "runs/mine", "--ckpt_path", theirs)
    for good in ("runs/mine/checkpoints/last.ckpt", "runs/twin/checkpoints/best.ckpt"):
        assert main([ASK[kind][0], "runs/mine", *ASK[kind][1:], "--ckpt_path", good]) == 0


@pytest.mark.parametrize(
    ("kind", "change", "named"),
    [
        ("films", ("good", "fine"), "checkpoint: its vocabulary (words, "),
        ("films", ("good", "good indeed"), "checkpoint: its vocabulary (words, "),
        ("films", (",no", ",never"), "checkpoint: its classes are no, yes, this data has never, yes;"),
        ("pairs", ("und", "oder auch"), "checkpoint: its target vocabulary ("),
        ("pairs", ("word 1\t", "Word one\t"), "checkpoint: its source vocabulary ("),
        ("prose", ("dull", "fine!"), "checkpoint: its vocabulary (characters, "),
    ],
)
def test_a_file_that_has_changed_is_refused_where_it_is_read(
    make: Make, kind: str, change: tuple[str, str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not as another architecture, where it has other sizes too."""
    path = make(kind, "mine")
    path.write_text(FORMS[kind][1].replace(*change), encoding="utf-8")
    for words in (["test", "runs/mine"], ["validate", "runs/mine"], ["fit", "-c", "mine", "--run", "mine", "--resume"]):
        told = refused(capsys, *words)
        assert named in told and "use the data and arguments of the saved run" in told


def test_it_says_where_two_vocabularies_part(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    path = make("films", "mine")
    path.write_text(FILMS.replace("good", "fine"), encoding="utf-8")
    assert " tokens; 'good' there is 'fine' here)" in refused(capsys, "test", "runs/mine")


def test_one_label_among_several_is_enough_for_a_prediction(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a text may have any number of labels, one of them is something to learn."""
    _, text, form = FORMS["films"]
    FORMS["one"] = ("one.csv", text.replace(",no", ","), {**form, "task": {form["task"]: {"output": "sigmoid"}}})
    try:
        make("one", "mine", label_separator=";")
    finally:
        del FORMS["one"]
    assert main(["predict", "runs/mine", "--text", "film"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "class\tyes\ttext"
    assert main(["test", "runs/mine"]) == 0
    results = json.loads(Path("runs/mine/results.json").read_text(encoding="utf-8"))
    assert results["classes"] == ["yes"]
