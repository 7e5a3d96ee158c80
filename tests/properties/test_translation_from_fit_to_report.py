"""A translating run from beginning to end: trained, killed and resumed, tested, asked, and what it refuses."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import sacrebleu
import torch
from pytorch_lightning.callbacks import Callback

from unrolled.cli import main
from unrolled.config import recipe
from unrolled.data import Reverse
from unrolled.errors import InputError
from unrolled.runs import checkpoints
from unrolled.runs.build import parse
from unrolled.runs.evaluate import evaluate
from unrolled.runs.fit import fit
from unrolled.runs.inference.translate import read_sentences, translate

MEASURED = {"loss", "perplexity", "bleu", "chrf", "exact_match", "character_error_rate"}
MEASURED |= {"teacher_forced_bleu", "exposure_gap"}


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


class Stop(Callback):
    """Fail behind batch number `batch`, as a kill would."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def on_train_batch_end(self, trainer: Any, *args: Any) -> None:
        if trainer.global_step == self.batch:
            raise KeyError("killed")


def written(epochs: int = 2, **task: Any) -> dict[str, Any]:
    init_args = {"symbols": 4, "longest_string": 4, "train_pairs": 900, "eval_pairs": 40, "batch_size": 16}
    form = {
        "task": {"Translation": {"embedding_size": 8, "coverage": True, "dropout": 0.1, **task}},
        "architecture": {"class_path": "GRU", "init_args": {"hidden_size": 24}},
        "strategies": [{"ClipNorm": {"max_norm": 1.0}}],
        "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.02}},
        "data": {"class_path": "Reverse", "init_args": init_args},
        "trainer": {"max_epochs": epochs, "accelerator": "cpu", "log_every_n_steps": 1},
        "checkpoint_every": 10,
    }
    return parse(recipe.normalise(form, "test"))


@pytest.fixture(scope="module")
def a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "reverse"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "disabled")
        fit(written(6), folder, progress=False)
    return folder


def test_a_killed_run_goes_on_bit_for_bit(tmp_path: Path) -> None:
    fit(written(), tmp_path / "whole", progress=False)
    with pytest.raises(KeyError, match="killed"):
        fit(written(), tmp_path / "killed", progress=False, callbacks=[Stop(73)])
    fit(written(), tmp_path / "killed", progress=False, resume=True)
    mine, theirs = (checkpoints.load(tmp_path / name / "checkpoints" / "last.ckpt") for name in ("killed", "whole"))
    assert all(torch.equal(mine["state_dict"][name], value) for name, value in theirs["state_dict"].items())


def test_results_of_a_test(a_run: Path) -> None:
    results = evaluate(a_run, progress=False)
    assert results == json.loads((a_run / "results.json").read_text(encoding="utf-8"))
    assert results["metrics"].keys() == {f"test/{name}" for name in MEASURED}
    assert results["metrics"]["test/exact_match"] > 0.6
    assert results["unit"] == "word" and results["baseline_metric"] == "character_error_rate"
    assert results["metrics"]["test/character_error_rate"] < 0.1 < results["baselines"]["copy"]
    assert results["metrics"]["test/bleu"] > results["baselines_bleu"]["copy"] > 0
    assert results["signatures"]["bleu"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert 1 <= len(results["examples"]) <= 5
    for example in results["examples"]:
        weights = torch.tensor(example["attention"])
        assert weights.shape == (len(example["translation"]) + 1, len(example["source"]))
        torch.testing.assert_close(weights.sum(1), torch.ones(len(weights)), rtol=0, atol=1e-3)


@pytest.mark.parametrize("width", [1, 5])
def test_sentences_are_translated_in_their_order(a_run: Path, width: int) -> None:
    sentences = ["0 1 2 3", "", "2", "1 3"] * 20  # more than one batch
    said = translate(a_run, sentences, width)
    assert len(said) == 80 and said[:4] * 20 == said and said[1] == ""
    backwards = [" ".join(sentence.split()[::-1]) for sentence in sentences]
    assert sum(map(str.__eq__, said, backwards)) >= 60


def test_sentences_are_prepared_as_those_of_training_were(tmp_path: Path) -> None:
    form = written(1, coverage=False)
    form["data"] = {"class_path": "HangulNames", "init_args": {"eval_pairs": 100}}
    form["trainer"] |= {"limit_train_batches": 60, "limit_val_batches": 1}
    fit(parse(form), tmp_path / "run", progress=False)
    composed, letters, unknown = translate(tmp_path / "run", ["\ud55c", "\u1112\u1161\u11ab", "?"])
    assert composed == letters != unknown


def test_a_sentence_goes_to_the_end_of_its_line(tmp_path: Path) -> None:
    """Whatever else Unicode calls the end of one."""
    (tmp_path / "in.txt").write_text("0\u2028 1\n\n3\x0c\n", encoding="utf-8")
    assert read_sentences(tmp_path / "in.txt") == ["0\u2028 1", "", "3\x0c"]


def test_translate_on_the_command_line(
    a_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = translate(a_run, ["0 1 2", "3"], 2, 0.5)
    words = ["translate", str(a_run), "--beam", "2", "--length_penalty", "0.5"]
    (tmp_path / "in.txt").write_text("0 1 2\n3\n", encoding="utf-8")
    assert main([*words, "--file", str(tmp_path / "in.txt")]) == 0
    assert capsys.readouterr().out.splitlines() == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"0 1 2\r\n3\n")))
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines() == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"0\xe9\n"), errors="surrogateescape"))
    assert main(words) == 2
    told = "unrolled: error: standard input: expected UTF-8, got byte 0xe9 at offset 1; convert it to UTF-8\n"
    assert capsys.readouterr().err == told
    assert main([*words, "--text", "0 1 2"]) == 0
    assert capsys.readouterr().out.splitlines() == expected[:1]
    assert main([*words, "--text", "0 1 2", "--text", "3"]) == 0
    assert capsys.readouterr().out.splitlines() == expected


def test_sentences_without_a_known_word_are_told_with_their_share(
    a_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.txt").write_text("0 1\n\nx y\n2 x\n", encoding="utf-8")
    assert main(["translate", str(a_run), "--file", str(tmp_path / "in.txt")]) == 0
    out, told = capsys.readouterr()
    assert out.count("\n") == 4  # a line for each, the empty one too
    assert told == (
        f"unrolled: warning: {a_run}: 1 of 3 sentences (33.3%) have no known token; their translations are guesses\n"
    )


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (
            ["--beam", "0", "--text", "1"],
            "expected a --beam of 1 or more and a --length_penalty of 0 or more, got 0 and 1.0",
        ),
        (["--length_penalty", "-1", "--text", "1"], "a --length_penalty of 0 or more, got 5 and -1.0"),
        (["--text", "1", "--file", "x"], "expected --text or --file, got both"),
        (["--file", "nothing.txt"], "nothing.txt: expected a UTF-8 text file, got no such file; check --file"),
        (["--ckpt_path", "nothing.ckpt", "--text", "1"], "nothing.ckpt"),
    ],
)
def test_translate_refuses(
    a_run: Path, given: list[str], named: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["translate", str(a_run), *given]) == 2
    told = capsys.readouterr().err
    assert named in told and told.count("\n") == 1


def test_a_run_of_another_task_does_not_translate(tiny: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text(recipe.dump(tiny), encoding="utf-8")
    with pytest.raises(InputError, match="expected a run of Translation, got one of LanguageModeling"):
        translate(tmp_path / "run", ["a"])


def test_a_checkpoint_of_another_vocabulary_is_refused(a_run: Path, tmp_path: Path) -> None:
    other = recipe.load(a_run / "recipe.yaml")
    other["data"]["init_args"]["seed"] = 2
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text(recipe.dump(other), encoding="utf-8")
    with pytest.raises(InputError, match="vocabulary"):
        evaluate(tmp_path / "run", checkpoint=a_run / "checkpoints" / "last.ckpt", progress=False)


def test_data_of_another_kind_is_refused() -> None:
    form = written()
    form["task"] = {"LanguageModeling": {}}
    from unrolled.runs.build import build

    with pytest.raises(InputError, match="Reverse has .* use Translation"):
        build(parse(form))


def test_a_report_of_a_translation(a_run: Path, workdir: Path) -> None:
    evaluate(a_run, progress=False)
    assert main(["report", str(a_run)]) == 0
    page = (workdir / "reports" / "reverse" / "index.html").read_text(encoding="utf-8")
    assert '<div id="attention-0-0"' in page and "the source copied unchanged" in page and "(nrefs:1|" in page


def test_scores_are_against_the_texts_even_where_no_token_is_known_for_a_word(tmp_path: Path) -> None:
    """A word that the vocabulary does not hold is a mistake, and <unk> is never said."""
    form = written(2, coverage=False)
    form["data"]["init_args"]["vocabulary_size"] = 5  # two of the four symbols
    fit(parse(form), tmp_path / "run", progress=False)
    metrics = evaluate(tmp_path / "run", progress=False)["metrics"]
    data = Reverse(**form["data"]["init_args"])
    data.setup()
    sources, truth = zip(*data.texts["test"], strict=True)
    said = translate(tmp_path / "run", sources, width=1)
    assert "<unk>" in " ".join(data.write(target.tolist()) for _, target in data.encoded["test"])
    assert not any("<unk>" in one for one in (*said, *truth))
    assert metrics["test/chrf"] == pytest.approx(sacrebleu.corpus_chrf(said, [truth]).score, abs=1e-4)
    assert metrics["test/bleu"] == pytest.approx(sacrebleu.corpus_bleu(said, [truth], force=True).score, abs=1e-4)
    assert metrics["test/exact_match"] == pytest.approx(sum(map(str.__eq__, said, truth)) / 40, abs=1e-6)
