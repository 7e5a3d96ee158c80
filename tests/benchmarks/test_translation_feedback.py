"""The experiments on translation, on pairs that are drawn from a seed: each arm trains, each figure is drawn."""

import importlib
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from unrolled.data import Reverse

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """What the experiments share; their figures land in `tmp_path`."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    experiment = importlib.import_module("experiment")
    monkeypatch.setattr(experiment, "FIGURES", tmp_path)
    return experiment


def test_every_arm_of_the_feedback_table_trains(
    experiment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translation_feedback = importlib.import_module("translation_feedback")

    def pairs(**given: Any) -> Reverse:
        assert given["train_limit"] == 40
        return Reverse(symbols=3, longest_string=3, train_pairs=40, eval_pairs=6, batch_size=8)

    monkeypatch.setattr(translation_feedback, "EnglishFrench", pairs)
    found = {name: translation_feedback.work((name, 1, 40, 1)) for name in translation_feedback.arms(5)}
    assert next(iter(found)) == "teacher forcing" and "no attention" in list(found)[-1] and len(found) == 4
    for measured in found.values():
        assert len(measured) == 3 and all(map(math.isfinite, measured))
    forced = found["teacher forcing"]
    assert forced == translation_feedback.work(("teacher forcing", 1, 40, 1))  # a function of the seed alone
    assert len(set(found.values())) == 4
    translation_feedback.draw({name: [measured, measured] for name, measured in found.items()})
    assert "<svg" in (tmp_path / "translation_feedback.svg").read_text(encoding="utf-8")


def test_the_attention_of_a_run_is_drawn(
    experiment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attention_map = importlib.import_module("attention_map")
    told = {"source": ["a", "b"], "truth": ["x"], "translation": ["x", "y"], "attention": [[1, 0], [0, 1], [0, 1]]}
    turned = {**told, "attention": [[0, 1], [1, 0], [0, 1]]}
    (tmp_path / "results.json").write_text(json.dumps({"metrics": {}, "examples": [told, turned]}), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["attention_map.py", str(tmp_path)])
    attention_map.main()
    assert capsys.readouterr().out.splitlines() == [" 1.000  a b -> x y", "-1.000  a b -> x y"]
    assert "<svg" in (tmp_path / "attention.svg").read_text(encoding="utf-8")
    (tmp_path / "results.json").write_text(json.dumps({"metrics": {}}), encoding="utf-8")
    with pytest.raises(SystemExit, match="expected a tested run of Translation"):
        attention_map.main()
