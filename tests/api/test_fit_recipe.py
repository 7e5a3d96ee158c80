"""`unrolled.fit` and the command `unrolled fit`: one recipe, one folder, the same weights."""

import functools
import os
from pathlib import Path
from typing import Any

import pytest
import torch

import unrolled
from unrolled.cli import main
from unrolled.config import recipe
from unrolled.errors import InputError
from unrolled.runs import checkpoints


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


def changes(text: Path) -> dict[str, Any]:
    return {
        "architecture.init_args.hidden_size": 5,
        "data": {"class_path": "TextFile", "init_args": {"path": str(text), "batch_size": 4, "sequence_length": 40}},
        "trainer.max_epochs": 2,
    }


def weights(folder: Path, name: str = "last") -> dict[str, torch.Tensor]:
    return checkpoints.load(folder / "checkpoints" / f"{name}.ckpt")["state_dict"]


def assert_same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_it_trains_the_weights_of_the_command(workdir: Path, text: Path) -> None:
    run = unrolled.fit("quickstart", changes(text), runs="python")
    words = [
        *("--architecture.init_args.hidden_size", "5", "--trainer.max_epochs", "2"),
        *("--data", f"{{class_path: TextFile, init_args: {{path: {text}, batch_size: 4, sequence_length: 40}}}}"),
    ]
    assert main(["fit", "-c", "quickstart", *words]) == 0
    assert run.path == Path("python/quickstart")
    assert recipe.load(run.path / "recipe.yaml") == recipe.load(Path("runs/quickstart/recipe.yaml"))
    assert_same(weights(run.path), weights(Path("runs/quickstart")))
    saved, kept = (
        checkpoints.load(folder / "checkpoints" / "last.ckpt") for folder in (run.path, Path("runs/quickstart"))
    )
    assert saved["hyper_parameters"] == kept["hyper_parameters"] and saved.keys() == kept.keys()
    assert "UNROLLED_FOLDER" not in os.environ


def test_a_file_a_mapping_and_classes_train_the_same_weights(workdir: Path, text: Path) -> None:
    data = {"path": str(text), "batch_size": 4, "sequence_length": 40}
    by_name = {
        "task": {"LanguageModeling": {"embedding_size": 4}},
        "architecture": {"class_path": "GRU", "init_args": {"hidden_size": 5}},
        "strategies": [{"TruncatedBPTT": {"k1": 8}}, "CarriedState", {"ClipNorm": {"max_norm": 0.5}}],
        "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.01}},
        "data": {"class_path": "TextFile", "init_args": data},
        "trainer": {"max_epochs": 1, "accelerator": "cpu"},
    }
    Path("mine.yaml").write_text(recipe.dump(recipe.normalise(by_name, "test")), encoding="utf-8")
    by_class = by_name | {
        "task": unrolled.LanguageModeling.with_(embedding_size=4),
        "architecture": functools.partial(unrolled.GRU, hidden_size=5),
        "strategies": [
            unrolled.TruncatedBPTT.with_(k1=8),
            unrolled.CarriedState,
            unrolled.ClipNorm.with_(max_norm=0.5),
        ],
        "optimizer": unrolled.spec(torch.optim.Adam, lr=0.01),
        "data": unrolled.spec("TextFile", **data),
    }
    runs = [unrolled.fit(what) for what in ("mine.yaml", by_name, by_class)]
    assert [str(run.path) for run in runs] == ["runs/mine", "runs/LanguageModeling", "runs/LanguageModeling-2"]
    assert runs[0].recipe == runs[1].recipe == runs[2].recipe
    for run in runs[1:]:
        assert_same(weights(run.path), weights(runs[0].path))


def test_it_resumes_the_newest_run_of_a_name(workdir: Path, text: Path) -> None:
    once = unrolled.fit("quickstart", changes(text), name="once")
    half = unrolled.fit("quickstart", changes(text) | {"trainer.max_epochs": 1}, name="half")
    again = unrolled.fit("quickstart", {"trainer.max_epochs": 2}, name="half", resume=True)
    assert again.path == half.path
    assert_same(weights(again.path), weights(once.path))


def test_a_file_that_is_no_recipe_is_quoted_in_part(workdir: Path) -> None:
    Path("d.csv").write_text("a,b,c\\n" * 1000, encoding="utf-8")
    with pytest.raises(InputError, match=r"d.csv: expected a recipe with the sections .*, got 'a,b,c") as caught:
        unrolled.fit("d.csv")
    assert len(str(caught.value).partition(", got ")[2]) == 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("quickstrat",), "Did you mean quickstart?"),
        (("quickstart", {"trainer.max_epoch": 1}), "changes: unknown key 'trainer.max_epoch'. Did you mean"),
        (("quickstart", {"trainer.max_epochs": "three"}), "trainer.max_epochs: expected .*, got 'three'"),
        (("quickstart", {"architecture": "LSTN"}), "architecture: .*Did you mean LSTM?"),
        (("quickstart", {"strategies": [unrolled.ClipNorm, unrolled.ClipValue]}), "both own the seam 'clipping'"),
        (("quickstart", {"strategies": [type("Mine", (unrolled.ClipNorm,), {})]}), "got Mine. Export it in unrolled"),
        (("quickstart", "trainer.max_epochs=1"), "changes: expected a mapping .*, got 'trainer.max_epochs=1'"),
        ((3,), "fit: expected the name of a recipe, .*, got 3"),
        ((".",), ".: expected a YAML file, got a folder"),
        (({"task": "LanguageModeling"},), "recipe: .*architecture"),
        (("quickstart", {"trainer.limit_train_batches": 1.5}), "trainer: "),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(workdir: Path, arguments: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        unrolled.fit(*arguments)
    assert "\n" not in str(caught.value)
    assert not list(Path().glob("runs/*"))
