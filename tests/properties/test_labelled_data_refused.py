"""Labelled texts and series that cannot be trained on, through the command: one line, exit code 2, no run is begun."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from unrolled.cli import main
from unrolled.data.datasets import sentence_polarity, trec

TEXTS = "text,label\n" + "".join(f"film {i} {word},{word}\n" for i in range(30) for word in ("good", "dull"))
SERIES = "sequence,time,speed,label\n" + "".join(
    f"s{i},{t},{i + t},{'up' if i % 2 else 'down'}\n" for i in range(30) for t in range(2)
)
SPLIT = {"split_column": "part"}
BAD: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "a missing column": (
        "TextTable",
        TEXTS.replace("text,label", "texts,label"),
        {},
        "mine.csv: expected a column 'text', got texts, label; did you mean texts?",
    ),
    "a missing column of numbers": (
        "SeriesTable",
        SERIES,
        {"feature_columns": ["sped"]},
        "expected a column 'sped', got sequence, time, speed, label; did you mean speed?",
    ),
    "an unseen label": (
        "TextTable",
        "part,text,label\ntrain,a,x\ntrain,b,y\ntest,c,z\nvalid,d,x\n",
        SPLIT,
        "mine.csv: row 3 (test split) has the label 'z', which no training example has (x, y); remove it, or",
    ),
    "one class": (
        "TextTable",
        TEXTS.replace(",dull", ",good"),
        {},
        "mine.csv: column 'label': expected at least two classes in the training split, got 1 (good), so there is",
    ),
    "empty texts": (
        "TextTable",
        f'{TEXTS} ,good\na,dull\n"",dull\n',
        {},
        "mine.csv: column 'text': expected text in each row, got none in row 61, 63; fill or delete them",
    ),
    "an empty label": (
        "TextTable",
        f"{TEXTS}a film,\n",
        {},
        "mine.csv: column 'label': expected text in each row, got none in row 61;",
    ),
    "mixed types": (
        "SeriesTable",
        SERIES.replace("s1,1,2,up", "s1,1,fast,up"),
        {},
        "mine.csv: row 4: expected a number in column 'speed', got 'fast'",
    ),
    "an over-long text": (
        "TextTable",
        f"{TEXTS}{'long ' * 9},good\n",
        {"max_length": 8},
        "mine.csv: row 61 (valid split): expected at most 8 time steps, got 9; raise data.init_args.max_length",
    ),
    "more folds than texts": (
        "TextTable",
        TEXTS,
        {"folds": 100},
        "mine.csv: expected at least one example in each of 100 folds, got 60 texts; set data.init_args.folds to 60",
    ),
    "more folds than pictures": (
        "Digits",
        TEXTS,
        {"folds": 5000},
        "Digits: expected at least one example in each of 5,000",
    ),
    "bytes": ("TextTable", f"{TEXTS}caf\udce9,good\n", {}, "mine.csv: expected UTF-8, got byte 0xe9 at offset "),
    "labels in plenty": (
        "TextTable",
        f'{TEXTS}"a film",good;dull\n',
        {"label_separator": ";"},
        "task: output softmax does not fit data with several labels per sequence; use the other",
    ),
    "nothing held out": (
        "TextTable",
        TEXTS,
        {"valid_fraction": 0.0},
        "mine.csv: the valid split is empty; set data.init_args.valid_fraction above 0",
    ),
}


@pytest.fixture
def refused(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str, dict[str, Any]], str]:
    monkeypatch.setenv("WANDB_MODE", "disabled")

    def train(data: str, given: dict[str, Any]) -> str:
        """What the command says, in its last line, of data that it refuses."""
        words = ["fit", "--task", "{SequenceClassification: {}}", "--strategies", "[]", "--run", "never"]
        words += ["--architecture", "{class_path: GRU, init_args: {hidden_size: 2}}", "--trainer", "{max_epochs: 1}"]
        assert main([*words, "--data", str({"class_path": data, "init_args": given})]) == 2
        told = capsys.readouterr().err.splitlines()
        assert told[-1].startswith("unrolled: error: ") and not (workdir / "runs" / "never").exists()
        assert not [line for line in told if "Traceback" in line or "train/loss" in line]
        return told[-1]

    return train


@pytest.mark.parametrize("case", BAD)
def test_a_table_is_refused_before_the_first_step(
    case: str, workdir: Path, refused: Callable[[str, dict[str, Any]], str]
) -> None:
    data, text, given, named = BAD[case]
    (workdir / "mine.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert named in refused(data, {**({} if data == "Digits" else {"path": "mine.csv"}), **given})


def test_another_file_than_the_published_one(
    workdir: Path, refused: Callable[[str, dict[str, Any]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNROLLED_DATA", str(workdir))
    for pinned in (trec.TRAIN, trec.TEST):
        (workdir / pinned.path).parent.mkdir(exist_ok=True)
        (workdir / pinned.path).write_bytes(b"something else\n")
    told = refused("TREC", {})
    assert f"{trec.TRAIN.path}: expected SHA-256 {trec.TRAIN.sha256[:12]}..., got " in told
    assert "download it from http" in told


def test_an_archive_that_leaves_its_folder(
    workdir: Path, refused: Callable[[str, dict[str, Any]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where it has the right digest."""
    path = workdir / "corpora" / "sentence_polarity.zip"
    path.parent.mkdir()
    with ZipFile(path, "w") as files:
        files.writestr("../../outside.txt", "text")
    monkeypatch.setenv("NLTK_DATA", str(workdir))
    monkeypatch.setattr(sentence_polarity, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    told = refused("SentencePolarity", {})
    assert "expected files inside the folder of the archive, got '../../outside.txt'" in told
    assert not (workdir.parent / "outside.txt").exists()


@pytest.mark.parametrize(("size", "share"), [(4, "2 of 4 texts of the valid split (50.0%)"), (50, None)])
def test_texts_of_which_nothing_is_known_are_told_in_one_line(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], size: int, share: str | None
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    held = [f"{part},{text},{label}" for part in ("valid", "test") for text in "ab" for label in "xy"]
    rows = ["train,a a,x", "train,a b,y", *held]
    (workdir / "mine.csv").write_text("\n".join(["part,text,label", *rows]) + "\n", encoding="utf-8")
    given = {"path": "mine.csv", "vocabulary_size": size, **SPLIT}
    words = ["fit", "-c", "text_table", "--trainer.max_epochs=1", "--architecture.init_args.hidden_size=2"]
    assert main([*words, "--data", str({"class_path": "TextTable", "init_args": given})]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "known token" in line]
    if share is None:
        assert told == []
        return
    start = f"unrolled: warning: mine.csv: {share} have no known token; raise data.init_args.vocabulary_size"
    assert len(told) == 2 and told[0].startswith(start) and " of the test split " in told[1]
