"""`unrolled.Run`: what each verb returns is what the functions of `runs` return."""

import json
from pathlib import Path
from typing import Any

import pytest

import unrolled
from unrolled.errors import InputError
from unrolled.runs.inference.generate import generate


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


@pytest.fixture
def written(workdir: Path, tiny: dict[str, Any]) -> unrolled.Run:
    return unrolled.fit(tiny)


def test_a_language_model(written: unrolled.Run) -> None:
    results = written.test()
    assert json.loads((written.path / "results.json").read_text()) == results
    validated = written.validate()["metrics"]["val/loss"]
    assert written.metrics["val/loss"] == pytest.approx(validated, rel=1e-6)
    assert written.curves["val/loss"].values[-1] == written.metrics["val/loss"]
    assert written.generate("ab", 5, seed=3) == "ab" + generate(written.path, "ab", 5, 0.7, 3)
    page = written.plot()
    assert page == Path("reports/LanguageModeling/index.html") and "LanguageModeling" in page.read_text()
    assert written.load().architecture.hidden_size == 6


def test_an_existing_run_is_opened(written: unrolled.Run) -> None:
    again = unrolled.Run.open("runs/LanguageModeling")
    assert again.path == written.path and again.recipe == written.recipe and repr(again) == repr(written)
    with pytest.raises(InputError, match="runs/LanguageModelling: .*Did you mean runs/LanguageModeling?"):
        unrolled.Run("runs/LanguageModelling")
    with pytest.raises(InputError, match="LanguageModeling"):
        written.predict("a text")


def test_classes_of_texts(workdir: Path) -> None:
    rows = "".join(f"film {i} is {word},{label}\n" for i in range(40) for word, label in (("good", 1), ("dull", 0)))
    Path("films.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    changes = {"data.init_args.path": "films.csv", "data.init_args.batch_size": 8, "optimizer.init_args.lr": 0.02}
    run = unrolled.fit("text_table", changes | {"trainer.max_epochs": 6, "data.init_args.max_length": 5})
    assert [one.label for one in run.predict(["a good film", "a dull film"])] == ["1", "0"]
    assert run.predict("a good film") == run.predict(["a good film"])
    new = workdir / "new.csv"
    new.write_text("text\na good film\na dull film\n", encoding="utf-8")
    assert run.predict(new) == run.predict(["a good film", "a dull film"])
    with pytest.raises(InputError, match=r"got the name of a file; give pathlib.Path\('new.csv'\)"):
        run.predict("new.csv")


def test_a_translation(workdir: Path) -> None:
    run = unrolled.fit(
        {
            "task": unrolled.Translation.with_(embedding_size=8),
            "architecture": unrolled.spec("GRU", hidden_size=8),
            "optimizer": "Adam",
            "data": unrolled.spec("Reverse", symbols=4, longest_string=4, train_pairs=32, eval_pairs=8, batch_size=16),
            "trainer": {"max_epochs": 1, "accelerator": "cpu"},
        }
    )
    assert run.translate("s1 s2", beam=1) == run.translate(["s1 s2"], beam=1)


def test_a_forecast(workdir: Path) -> None:
    lines = [f"2024-01-{day:02},{day % 7}" for day in range(1, 32)]
    lines += [f"2024-02-{day:02},{day % 7}" for day in range(1, 30)]
    Path("days.csv").write_text("\n".join(["time,value", *lines]) + "\n", encoding="utf-8")
    run = unrolled.fit(
        {
            "task": "Forecasting",
            "architecture": unrolled.spec("GRU", hidden_size=4),
            "optimizer": "Adam",
            "data": unrolled.spec(
                "ForecastTable", path="days.csv", time_column="time", target_columns=["value"],
                horizon=3, context=6, batches=4, batch_size=4,
            ),
            "trainer": {"max_epochs": 1, "accelerator": "cpu"},
        }
    )  # fmt: skip
    (ahead,) = run.forecast(out="next.csv")
    assert len(ahead.mean) == 3 and ahead.times[0].startswith("2024-03-01")
    assert Path("next.csv").is_file() and Path("next.svg").is_file()
    assert run.forecast() == [ahead]


@pytest.mark.parametrize("path", [3, None])
def test_a_path_of_another_type_is_refused(path: Any) -> None:
    with pytest.raises(InputError, match=f"Run: expected the path of a run folder, got {path}"):
        unrolled.Run(path)
