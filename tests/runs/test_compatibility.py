"""Every task beside every kind of data: which fit is written down here, the rest is refused in one line."""

from pathlib import Path
from typing import Any

import pytest

from unrolled.cli import main
from unrolled.config import catalog
from unrolled.errors import InputError
from unrolled.runs.compatibility import require_compatible

TEXT = ["vocabulary_size", "level"]
CLASSES = ["vocabulary_size", "classes"]
PAIRS = ["source_vocabulary_size", *TEXT]
SERIES = ["horizon", "context", "channels"]
LABELLED = {"SequenceClassification"}
FITTING: dict[str, tuple[list[str], set[str]]] = {  # of each kind of data the sizes that it says, and the tasks for it
    "TextFile": (TEXT, {"LanguageModeling"}),
    "PairTable": (PAIRS, {"Translation"}),
    "PairFiles": (PAIRS, {"Translation"}),
    "TextTable": (CLASSES, LABELLED),
    "TREC": (CLASSES, LABELLED),
    "SeriesTable": (["input_size", "classes"], LABELLED),
    "Digits": (["input_size", "classes"], LABELLED),
    "TreebankTags": (CLASSES, {"SequenceTagging"}),
    "CopyMemory": (CLASSES, {"SequenceTagging"}),
    "SelectiveCopy": (CLASSES, {"SequenceTagging"}),
    "TemporalOrder": (CLASSES, {"SequenceTagging", "SequenceClassification"}),  # its last step is asked for
    "AddingProblem": (["input_size", "output_size"], {"SequenceRegression"}),
    "ForecastTable": (SERIES, {"Forecasting", "DirectForecasting"}),
}
ALL = [(task, data) for task in catalog.names("tasks") for data in FITTING]


@pytest.mark.parametrize(("task", "data"), ALL)
def test_which_fit(task: str, data: str) -> None:
    sizes, fitting = FITTING[data]
    if task in fitting:
        require_compatible(task, data, {*sizes})
        return
    with pytest.raises(InputError) as caught:
        require_compatible(task, data, {*sizes})
    message = str(caught.value)
    assert (
        message.startswith(f"task: {task} needs data with ") and f", but {data} has " in message and "\n" not in message
    )
    assert message.partition("; use ")[2].split(" or ") == sorted(fitting)


@pytest.mark.parametrize("data", ["CopyMemory", "SelectiveCopy", "TemporalOrder", "AddingProblem"])
def test_the_sizes_are_those_of_the_data(data: str) -> None:
    made: Any = catalog.find("data", data)()
    assert [*made.sizes()] == FITTING[data][0]


FILES = {
    "TextTable": ("t.csv", "text,label\n" + "".join(f"w{i} a,{'xy'[i % 2]}\n" for i in range(60))),
    "PairTable": ("t.tsv", "source\ttarget\n" + "".join(f"w{i} a\tv{i}\n" for i in range(120))),
    "TextFile": ("t.txt", "a text of some length " * 300),
}


@pytest.mark.parametrize("data", FILES)
def test_through_the_command_before_the_first_step(
    data: str, workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    name, text = FILES[data]
    (workdir / name).write_text(text, encoding="utf-8")
    given: list[Any] = ["--architecture", "{class_path: GRU, init_args: {hidden_size: 2}}", "--strategies", "[]"]
    given += ["--data", f"{{class_path: {data}, init_args: {{path: {name}}}}}", "--run", "never"]
    for task in {*catalog.names("tasks")} - FITTING[data][1]:
        capsys.readouterr()
        assert main(["fit", *given, "--task", f"{{{task}: {{}}}}"]) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        assert message.startswith(f"unrolled: error: task: {task} needs data with ")
        assert not (workdir / "runs" / "never").exists()
