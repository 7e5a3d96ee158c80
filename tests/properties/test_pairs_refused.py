"""Pairs that cannot be trained on, through the command: one line, exit code 2, and no run is begun."""

from pathlib import Path
from typing import Any

import pytest

from unrolled.cli import main
from unrolled.config import recipe
from unrolled.runs.build import parse
from unrolled.runs.fit import fit

FORM: dict[str, Any] = {
    "task": {"Translation": {"embedding_size": 4}},
    "architecture": {"class_path": "GRU", "init_args": {"hidden_size": 4}},
    "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.01}},
    "trainer": {"max_epochs": 1, "accelerator": "cpu"},
}
LINES = [f"one {n}" for n in range(120)]
THEIRS = [f"eins {n} und" for n in range(120)]


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


def written(folder: Path, data: dict[str, Any]) -> str:
    path = folder / "recipe.yaml"
    path.write_text(recipe.dump(recipe.normalise({**FORM, "data": data}, "test")), encoding="utf-8")
    return str(path)


def files(folder: Path, ours: bytes, theirs: bytes, **given: Any) -> dict[str, Any]:
    for name, content in (("a.txt", ours), ("b.txt", theirs)):
        (folder / name).write_bytes(content)
    paths = {"source_path": str(folder / "a.txt"), "target_path": str(folder / "b.txt")}
    return {"class_path": "PairFiles", "init_args": {**paths, **given}}


def table(folder: Path, text: str, **given: Any) -> dict[str, Any]:
    (folder / "pairs.tsv").write_text(text, encoding="utf-8")
    columns = {"path": str(folder / "pairs.tsv"), "source": "en", "target": "de"}
    return {"class_path": "PairTable", "init_args": {**columns, **given}}


def lines(texts: list[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


ROWS = "".join(f"{a}\t{b}\n" for a, b in zip(LINES, THEIRS, strict=True))
BAD = {
    "counts": (lambda f: files(f, lines(LINES), lines(THEIRS[:-1])), "expected as many lines in both, got 120 and 119"),
    "an empty line": (
        lambda f: files(f, lines(LINES), lines([*THEIRS[:6], " ", *THEIRS[7:]])),
        "b.txt, line 7: expected a sentence, got an empty line; remove the pair from both",
    ),
    "an empty cell": (
        lambda f: table(f, "en\tde\na b\tc\n\t d\n"),
        "pairs.tsv, line 3: expected a sentence in each column, en is empty",
    ),
    "bytes": (
        lambda f: files(f, b"one\ntwo \xe9\n", lines(THEIRS[:2])),
        "a.txt: expected UTF-8, got byte 0xe9 at offset 8",
    ),
    "a column": (
        lambda f: table(f, f"en\tde\n{ROWS}", target="fr"),
        "data.init_args.target: expected a column of",
    ),
    "over-long, refused": (
        lambda f: table(f, f"en\tde\n{ROWS}a b\tc d e f\n", longest=3, over_long="error"),
        "but 1 of 113 are longer than 3 words; raise data.init_args.longest, or set over_long to leave_out",
    ),
    "over-long, none left": (
        lambda f: table(f, f"en\tde\n{ROWS}", longest=2),
        "PairTable, train split: expected pairs, got none: 112 of 112 are longer than 2 words",
    ),
    "a policy": (lambda f: table(f, f"en\tde\n{ROWS}", over_long="cut"), "data.init_args.over_long: expected"),
    "no file": (
        lambda f: {"class_path": "PairTable", "init_args": {"path": "nothing.tsv"}},
        "nothing.tsv: expected a UTF-8 text file, got no such file",
    ),
    "a language": (
        lambda f: {"class_path": "Multi30k", "init_args": {"source": "nl"}},
        "data.init_args.source: expected",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_refused_before_the_first_step(case: str, workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, named = BAD[case]
    assert main(["fit", "-c", written(workdir, made(workdir)), "--run", "never"]) == 2
    told = capsys.readouterr().err
    assert named in told and told.count("\n") == 1
    assert not (workdir / "runs" / "never").exists()


def test_over_long_pairs_are_left_out_and_told(
    workdir: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "".join(f"a b c {n}\tx\n" for n in range(60))
    given = table(workdir, f"en\tde\n{ROWS}{long}", longest=3, valid_fraction=0.1, test_fraction=0.1)
    with caplog.at_level("INFO"):
        assert main(["fit", "-c", written(workdir, given), "--run", "mine"]) == 0
    (told,) = [line for line in caplog.messages if line.startswith("PairTable, pairs: ")]
    counts = [int(word) for word in told.replace(",", "").split() if word.isdigit()]
    assert len(counts) == 6 and sum(counts[::2]) == 120 and sum(counts[1::2]) == 60


def test_a_model_of_another_vocabulary(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = recipe.normalise({**FORM, "data": table(workdir, f"en\tde\n{ROWS}")}, "test")
    fit(parse(form), workdir / "runs" / "mine", progress=False)
    (workdir / "pairs.tsv").write_text(f"en\tde\n{ROWS.replace('und', 'oder')}", encoding="utf-8")
    capsys.readouterr()
    assert main(["test", "runs/mine"]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert "checkpoint: its target vocabulary (" in told and "use the data and arguments of the saved run" in told
