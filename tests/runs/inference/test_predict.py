"""New texts to a trained run: what it tells is what its task computes, and bad input is refused."""

import shutil
import warnings
from pathlib import Path

import pytest
import torch

from unrolled.cli import main
from unrolled.config import recipe
from unrolled.errors import InputError, InputWarning
from unrolled.functional.batch import at_end, pad_rows
from unrolled.runs.build import parse
from unrolled.runs.fit import fit
from unrolled.runs.inference.predict import Prediction, predict
from unrolled.runs.restore import restore


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    rows = "".join(
        f"film {i} is {word},{label}\n" for i in range(40) for word, label in (("good", "yes"), ("dull", "no"))
    )
    (folder / "films.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    written = recipe.override(
        recipe.load("text_table"),
        {
            "data.init_args.path": str(folder / "films.csv"),
            "trainer.max_epochs": 6,
            "data.init_args.max_length": 5,
            "data.init_args.batch_size": 8,
            "optimizer.init_args.lr": 0.02,
        },
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "disabled")
        fit(parse(written), folder / "run", progress=False)
    return folder / "run"


def test_it_tells_what_its_weights_say(run):
    predictions = predict(run, ["A good film", "this one is DULL, I think!", "zebra"])
    assert [one.label for one in predictions[:2]] == ["yes", "no"]
    assert all(list(one.probabilities) == ["no", "yes"] for one in predictions)
    assert all(sum(one.probabilities.values()) == pytest.approx(1, abs=1e-6) for one in predictions)
    task, saved = restore(run)
    tokens = saved["TextTable"]["vocabulary"]
    row = torch.tensor([tokens.index(word) if word in tokens else 0 for word in ["a", "good", "film"]])
    alone = task.probabilities(pad_rows([row], [at_end(torch.tensor(0), 3)]))
    assert list(predictions[0].probabilities.values()) == pytest.approx(
        alone[0].tolist(), abs=1e-6
    )  # whatever it stood beside


def test_many_texts_come_back_in_their_order(run):
    texts = [f"film {i} is {'good' if i % 3 else 'dull'}" for i in range(230)]
    predictions = predict(run, texts)
    assert [one.text for one in predictions] == texts
    assert [one.label for one in predictions] == ["yes" if i % 3 else "no" for i in range(230)]


def test_the_command_prints_a_table(run, tmp_path, capsys):
    assert main(["predict", str(run), "--text", "a good\tfilm"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split("\t") == ["class", "no", "yes", "text"]
    assert row.split("\t")[0] == "yes" and row.split("\t")[3] == "a good film" and float(row.split("\t")[2]) > 0.5
    (tmp_path / "new.txt").write_text("film is dull\n\n \nfilm is\u2028good\n", encoding="utf-8")
    assert main(["predict", str(run), "--file", str(tmp_path / "new.txt")]) == 0
    rows = [row.split("\t") for row in capsys.readouterr().out.removesuffix("\n").split("\n")]
    assert [row[0] for row in rows] == ["class", "no", "", "", "yes"]  # a row for each line, wherever it is blank
    assert rows[2] == rows[3] == ["", "", "", ""] and rows[4][3] == "film is good"


def test_each_text_is_answered(run, capsys):
    assert main(["predict", str(run), "--text", "film is dull", "--text=film is good"]) == 0
    assert [row.split("\t")[0] for row in capsys.readouterr().out.splitlines()] == ["class", "no", "yes"]


def test_a_label_of_two_lines_is_printed_in_one(run, capsys, monkeypatch):
    predictions = [Prediction("a", "very\ngood", {"very\ngood": 1.0, "dull\tand grey": 0.0})]
    monkeypatch.setattr("unrolled.runs.inference.predict.predict", lambda *_: predictions)
    assert main(["predict", str(run), "--text", "a"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split("\t") == ["class", "very good", "dull and grey", "text"]
    assert row.split("\t") == ["very good", "1.0000", "0.0000", "a"]


@pytest.mark.parametrize(("name", "sign"), [("new.csv", ","), ("new.tsv", "\t")])
def test_a_table_is_read_by_the_text_column_of_the_run(run, tmp_path, capsys, name, sign):
    rows = [("id", "text"), ("1", f'"film is{sign} dull"'), ("2", ""), ("3", "film is good")]
    (tmp_path / name).write_text("".join(f"{a}{sign}{b}\n" for a, b in rows), encoding="utf-8")
    assert main(["predict", str(run), "--file", str(tmp_path / name)]) == 0
    assert [row.split("\t")[0] for row in capsys.readouterr().out.splitlines()] == ["class", "no", "", "yes"]
    (tmp_path / name).write_text(f"id{sign}body\n1{sign}film is dull\n", encoding="utf-8")
    assert main(["predict", str(run), "--file", str(tmp_path / name)]) == 2
    message = capsys.readouterr().err
    assert f"{name}: expected the run's text column 'text', got id, body;" in message
    assert message.count("\n") == 1 and "Did you mean" not in message
    (tmp_path / name).write_text(f"id{sign}Texts\n1{sign}film is dull\n", encoding="utf-8")
    assert main(["predict", str(run), "--file", str(tmp_path / name)]) == 2
    message = capsys.readouterr().err
    assert "got id, Texts; did you mean Texts? Rename it, or give" in message and message.count("\n") == 1


def test_texts_without_a_known_word_are_told_with_their_share(run, capsys):
    assert main(["predict", str(run), "--text", "zebra giraffe"]) == 0
    message = capsys.readouterr().err
    assert message.endswith(": 1 of 1 texts (100.0%) have no known token; their predictions are guesses\n")
    assert message.startswith("unrolled: warning: ") and message.count("\n") == 1
    assert main(["predict", str(run), "--text", "a good zebra"]) == 0
    assert capsys.readouterr().err == ""
    with pytest.warns(InputWarning, match=r"2 of 3 texts \(66\.7%\)"):
        predict(run, ["zebra", "film", " ", "giraffe"])


def test_an_over_long_text_is_named_with_what_the_run_reads(run, tmp_path):
    saved = recipe.load(str(run / "recipe.yaml"))
    refusing = tmp_path / "run"
    shutil.copytree(run, refusing)
    written = recipe.override(saved, {"data.init_args.over_long": "error"})
    (refusing / "recipe.yaml").write_text(recipe.dump(written), encoding="utf-8")
    message = r"text 2: expected at most 5 time steps \(the run's limit\), got 6; shorten it, or train a run with "
    with pytest.raises(InputError, match=f"^{message}data.init_args.over_long: truncate$"):
        predict(refusing, ["film", "one film that is too long"])
    assert len(predict(run, ["one film that is too long"])) == 1


def test_results_hold_the_confusion_matrix(run):
    from unrolled.runs.evaluate import evaluate

    results = evaluate(run, progress=False)
    assert results["classes"] == ["no", "yes"] and results["baseline_metric"] == "error_rate"
    assert sum(map(sum, results["confusion"])) == 8
    wrong = results["confusion"][0][1] + results["confusion"][1][0]
    assert results["metrics"]["test/error_rate"] == pytest.approx(wrong / 8, abs=1e-6)
    assert results["baselines"].keys() == {"majority class", "TF-IDF logistic regression"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--text", " "], "--text: expected a text that is not blank, got ' '"),
        ([], "one of the arguments --text --file is required"),
        (["--text", "a", "--file", "b"], "not allowed with argument"),
        (["--file", "missing.txt"], "missing.txt: expected a UTF-8 text file, got no such file; check --file"),
        (["--file", "missing.csv"], "missing.csv: expected a UTF-8 text file, got no such file; check --file"),
        (["--text", "a", "--text", "\u200b"], "--text: expected a text that is not blank, got '\\u200b'"),
    ],
)
def test_bad_input_is_refused_in_one_line(run, workdir, capsys, words, message):
    assert main(["predict", str(run), *words]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_rows_in_pieces_are_trained_without_a_word_of_a_library(tmp_path, workdir, monkeypatch, capfd):
    """A batch of pieces holds no class where none of its rows ends there."""
    monkeypatch.setenv("WANDB_MODE", "disabled")
    rows = "".join(f"film {i} is a very {word} one,{word}\n" for i in range(20) for word in ("good", "dull"))
    (tmp_path / "mine.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    pieces = ["--data.init_args.over_long=chunk", "--data.init_args.max_length=2", "--strategies=[CarriedState]"]
    brief = ["--trainer.max_epochs=1", "--trainer.limit_train_batches=4", "--data.init_args.batch_size=8"]
    with warnings.catch_warnings():
        warnings.resetwarnings()
        words = ["fit", "-c", "text_table", f"--data.init_args.path={tmp_path / 'mine.csv'}", *pieces, *brief]
        assert main(words) == 0
    message = capfd.readouterr().err
    assert "Warning" not in message and "training_step" not in message and "site-packages" not in message


def test_a_run_of_another_task_is_refused(tmp_path):
    (tmp_path / "recipe.yaml").write_text(recipe.dump(parse(recipe.load("adding"))), encoding="utf-8")
    with pytest.raises(InputError, match="classifies text, got one of SequenceRegression on AddingProblem"):
        predict(tmp_path, ["a"])


def test_several_labels_and_languages_from_fit_to_prediction(tmp_path, monkeypatch, capsys):
    from unrolled.runs.evaluate import evaluate

    monkeypatch.setenv("WANDB_MODE", "disabled")
    kinds = [("good fun", "good;fun", "en"), ("gut", "good", "de"), ("dull", "", "en"), ("spass", "fun", "de")]
    rows = "".join(f"{text} {i % 5} {i},{label},{tongue}\n" for i in range(50) for text, label, tongue in kinds)
    (tmp_path / "mine.csv").write_text(f"text,label,tongue\n{rows}", encoding="utf-8")
    changes = {
        "task.SequenceClassification.output": "sigmoid",
        "task.SequenceClassification.pool": "max",
        "data.init_args.path": str(tmp_path / "mine.csv"),
        "data.init_args.label_separator": ";",
        "data.init_args.language_column": "tongue",
        "data.init_args.batch_size": 8,
        "optimizer.init_args.lr": 0.02,
    }
    fit(parse(recipe.override(recipe.load("text_table"), changes)), tmp_path / "run", progress=False)
    results = evaluate(tmp_path / "run", progress=False)
    assert results["metrics"]["test/error_rate"] < min(results["baselines"]["majority class"], 0.1)
    assert {*results["by_class"]} == {"fun", "good"} and results["by_class"]["fun"]["f1"] > 0.8
    counts = [score["count"] for score in results["by_language"].values()]
    assert {*results["by_language"]} == {"de", "en"} and sum(counts) == 20
    predictions = predict(tmp_path / "run", ["good fun", "gut", "dull", "spass"])
    assert [one.label for one in predictions] == ["fun;good", "good", "", "fun"]
    assert all(0 < p < 1 for one in predictions for p in one.probabilities.values())
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert main(["test", "run"]) == 0
    scores = ", ".join(f"{n} {s['accuracy']:.4g} ({s['count']})" for n, s in results["by_language"].items())
    assert capsys.readouterr().out.splitlines()[-1] == f"accuracy by language (sequences): {scores}"
    assert main(["report", "run", "--name", "r"]) == 0
    page = (tmp_path / "reports/r/index.html").read_text(encoding="utf-8")
    assert "Results by class" in page and '<td data-key="de">de</td>' in page
