"""Scores by class and by language are those of a count by hand."""

import pytest
import pytorch_lightning as pl
import torch
from sklearn.metrics import f1_score

from conformance.training import QUIET
from unrolled.data import TextTable
from unrolled.tasks import SequenceClassification
from unrolled.tasks.sequences import metrics as by_class

ROWS = [(f"{word} {number}", label, language) for number in range(50)
        for word, label, language in (("good", "up", "en"), ("gut", "up", "de"), ("bad", "down", "en"))]  # fmt: skip


def table(tmp_path, separator=None, **given):
    path = tmp_path / "mine.csv"
    several = {None: {"up": "up", "down": "down"}, ";": {"up": "up;warm", "down": ""}}[separator]
    lines = [f"{text},{several[label]},{language}" for text, label, language in ROWS]
    path.write_text("text,label,tongue\n" + "\n".join(lines) + "\n", encoding="utf-8")
    data = TextTable(str(path), test_fraction=0.4, label_separator=separator, **given)
    data.setup("fit")
    return data


def make(data, output="softmax", pool="last"):
    torch.manual_seed(0)
    task = SequenceClassification(
        **data.sizes(),
        output=output,
        pool=pool,
        architecture={"class_path": "GRU", "init_args": {"hidden_size": 4}},
        optimizer={"class_path": "Adam", "init_args": {"lr": 0.1}},
    )
    return task


@pytest.mark.parametrize("rows", [100, 7])
def test_by_class_and_by_language(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(by_class, "ROWS", rows)
    data, asked = table(tmp_path, language_column="tongue"), []
    task = make(data)
    (measured,) = pl.Trainer(**QUIET).test(task, datamodule=data, verbose=False)
    found = task.findings(data, "test")
    examples, right = data.examples["test"], []
    for example in examples:
        logits = task.head(task.architecture(task.embedding(data.encode(example.text))[None])[0][:, -1])
        asked.append(data.classes[int(logits.argmax())])
        right.append(asked[-1] == example.label)
    assert 0 < sum(right) < len(right)
    assert measured["test/accuracy"] == pytest.approx(sum(right) / len(right), abs=1e-6)
    truth = [example.label for example in examples]
    scores = f1_score(truth, asked, average=None, labels=data.classes, zero_division=0)
    assert [found["by_class"][name]["f1"] for name in data.classes] == pytest.approx(scores, abs=1e-12)
    assert [found["by_class"][name]["count"] for name in data.classes] == [truth.count(name) for name in data.classes]
    assert {*found["by_language"]} == {"de", "en"}
    for language, score in found["by_language"].items():
        those = [good for good, example in zip(right, examples, strict=True) if example.language == language]
        assert score == {"count": len(those), "accuracy": pytest.approx(sum(those) / len(those), abs=1e-6)}


def test_several_labels_and_no_language(tmp_path):
    data = table(tmp_path, ";")
    assert data.classes == ["up", "warm"] and {label.dtype for label in data.labels["train"]} == {torch.float32}
    assert {tuple(label.tolist()) for label in data.labels["train"]} == {(1.0, 1.0), (0.0, 0.0)}
    task = make(data, "sigmoid", "max")  # the last word, a number that no training row had, says nothing
    trainer = pl.Trainer(**QUIET, max_epochs=20)
    trainer.fit(task, datamodule=data)
    (measured,) = trainer.test(task, datamodule=data, verbose=False)
    assert measured["test/accuracy"] > 0.95 and data.baselines("test")["majority class"] > 0.2
    found = task.findings(data, "test")
    assert "by_language" not in found
    labels = torch.stack(data.labels["test"])
    assert [found["by_class"][name]["count"] for name in data.classes] == labels.sum(0).tolist()


def test_by_language_of_several_labels(tmp_path):
    data = table(tmp_path, ";", language_column="tongue")
    task = make(data, "sigmoid")
    pl.Trainer(**QUIET).test(task, datamodule=data, verbose=False)
    found = task.findings(data, "test")["by_language"]
    right = {"de": [], "en": []}
    for example, label in zip(data.examples["test"], data.labels["test"], strict=True):
        logits = task.head(task.architecture(task.embedding(data.encode(example.text))[None])[0][0, -1])
        right[example.language] += ((logits > 0) == label.bool()).tolist()
    for language, answers in right.items():
        assert found[language]["accuracy"] == pytest.approx(sum(answers) / len(answers), abs=1e-6)
