"""Runs on subwords from beginning to end: text that is written, texts that are told apart, sentences translated."""

from pathlib import Path
from typing import Any

import pytest
import torch

from unrolled.cli import main
from unrolled.config import recipe
from unrolled.data.tokens.subwords import LEAST, Subwords
from unrolled.errors import InputError
from unrolled.runs import checkpoints
from unrolled.runs.build import parse
from unrolled.runs.evaluate import evaluate
from unrolled.runs.fit import fit
from unrolled.runs.inference.generate import generate
from unrolled.runs.inference.predict import predict
from unrolled.runs.inference.translate import translate
from unrolled.runs.restore import restore


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


def test_a_language_model_goes_on_behind_any_prefix(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["data"]["init_args"] |= {"level": "subword", "vocabulary_size": LEAST + 20, "sequence_length": 5}
    tiny["data"]["init_args"] |= {"eval_batch_size": 2}
    fit(parse(tiny), tmp_path / "run", progress=False)
    results = evaluate(tmp_path / "run", progress=False)
    assert results["unit"] == "subword" and results["baseline_metric"] == "perplexity"
    assert results["baselines"].keys() == {"unigram", "trigram"} and results["metrics"]["test/perplexity"] > 1
    kept = checkpoints.load(tmp_path / "run" / "checkpoints" / "last.ckpt")["TextFile"]
    known = Subwords(kept["vocabulary"], kept["merges"])
    assert len(known) == kept["sizes"]["vocabulary_size"] <= LEAST + 20
    task: Any = restore(tmp_path / "run")[0]
    for prefix in ("", "ab c", "ab \n", "한"):
        numbers = known.encode(prefix)
        torch.manual_seed(3)
        drawn = task.generate(torch.cat([torch.tensor([known.begin]), numbers])[None], 30)[0]
        told = generate(tmp_path / "run", prefix, 30, 1.0, seed=3)
        assert prefix + told == known.decode(torch.cat([numbers, drawn])) and len(drawn) == 30


def test_texts_are_told_apart_by_their_subwords(tmp_path: Path) -> None:
    pairs = (("good", "yes"), ("dull", "no"))
    rows = "".join(f"film {i} is {word},{label}\n" for i in range(40) for word, label in pairs)
    (tmp_path / "films.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    changes = {
        "data.init_args.path": str(tmp_path / "films.csv"),
        "data.init_args.level": "subword",
        "data.init_args.vocabulary_size": LEAST + 30,
        "data.init_args.batch_size": 8,
        "trainer.max_epochs": 6,
        "optimizer.init_args.lr": 0.02,
    }
    fit(parse(recipe.override(recipe.load("text_table"), changes)), tmp_path / "run", progress=False)
    assert [one.label for one in predict(tmp_path / "run", ["A good film", "this is DULL!"])] == ["yes", "no"]
    assert evaluate(tmp_path / "run", progress=False)["baselines"]["TF-IDF logistic regression"] == 0


def pairs_recipe(folder: Path, **data: Any) -> dict[str, Any]:
    words = [f"w{'abcdefgh'[n % 8]}{'klmnop'[n % 6]}" for n in range(24)]
    both = [(words[n % 24], words[(n // 24 + 5 * n) % 24]) for n in range(24 * 20)]
    lines = [f"{first} {second}\t{second}é {first}é" for first, second in both]
    (folder / "pairs.tsv").write_text("source\ttarget\n" + "\n".join(lines) + "\n", encoding="utf-8")
    given = {"path": str(folder / "pairs.tsv"), "level": "subword", "vocabulary_size": LEAST + 60, "batch_size": 16}
    form = {
        "task": {"Translation": {"embedding_size": 16}},
        "architecture": {"class_path": "GRU", "init_args": {"hidden_size": 32}},
        "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.02}},
        "data": {"class_path": "PairTable", "init_args": {**given, **data}},
        "trainer": {"max_epochs": 8, "accelerator": "cpu"},
    }
    return parse(recipe.normalise(form, "test"))


def test_sentences_are_translated_by_subwords_of_both_sides(tmp_path: Path) -> None:
    written = pairs_recipe(tmp_path)
    fit(written, tmp_path / "run", progress=False)
    kept = checkpoints.load(tmp_path / "run" / "checkpoints" / "last.ckpt")["PairTable"]
    assert kept["source"] == kept["target"] and kept["level"] == "subword" and kept["merges"]
    results = evaluate(tmp_path / "run", progress=False)
    assert results["metrics"]["test/exact_match"] > 0.5
    (first, *_) = results["examples"]
    assert first["source"][0].startswith("\u2581w") and len(first["attention"]) == len(first["translation"]) + 1
    said = translate(tmp_path / "run", ["wak wbl", "wak wbl é?"])
    assert said[0] == "wblé waké" and said[1]  # a mark that no training sentence has stops nothing

    written["data"]["init_args"]["vocabulary_size"] = LEAST + 50
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "recipe.yaml").write_text(recipe.dump(written), encoding="utf-8")
    with pytest.raises(InputError, match=r"its source vocabulary \(\d+ subwords\) is not that of these pairs"):
        evaluate(tmp_path / "other", checkpoint=tmp_path / "run" / "checkpoints" / "last.ckpt", progress=False)


def test_subwords_need_their_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = pairs_recipe(tmp_path, vocabulary_size=None)
    (tmp_path / "recipe.yaml").write_text(recipe.dump(written), encoding="utf-8")
    assert main(["fit", "-c", str(tmp_path / "recipe.yaml"), "--run", "never"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "vocabulary_size: expected more than 259 for subwords, got null" in told
