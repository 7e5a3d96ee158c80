"""What is shipped runs: every recipe for two batches, every sweep's keys, every block of the README."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from unrolled.config import recipe

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
BRIEFLY = {
    "trainer.max_epochs": 1,
    "trainer.limit_train_batches": 2,
    "trainer.limit_val_batches": 1,
    "trainer.val_check_interval": None,  # at the end of the epoch
    "trainer.accelerator": "cpu",
}
WHERE = {  # real data that a recipe needs
    "char_shakespeare": "tinyshakespeare",
    "brown_words": "nltk_data",
    "english_french": "eng-fra",
    "multi30k": "multi30k",
    "japanese_vowels": "japanese_vowels",
    "mnist_pixels": "mnist10k",
    "mnist_permuted": "mnist10k",
    "ag_news": "ag_news",
    "movie_reviews": "nltk_data",
    "language_identification": "nltk_data",
    "names_by_language": "names",
    "sentence_polarity": "nltk_data",
    "treebank_tags": "nltk_data",
    "trec": "trec",
    "etth1": "ETTh1",
    "etth1_channels": "ETTh1",
    "etth1_channels_96": "ETTh1",
    "beijing_pm25": "beijing_pm25",
    "beijing_stations": "beijing_multisite",
    "m4_hourly": "m4_hourly",
    "airline_passengers": "small_series",
}


def _train(written: recipe.Recipe, folder: Path) -> dict[str, float]:
    from unrolled.runs.build import parse
    from unrolled.runs.fit import fit

    return fit(parse(recipe.override(written, BRIEFLY)), folder, progress=False)


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


@pytest.mark.parametrize("name", recipe.shipped())
def test_every_recipe_trains(
    name: str, tmp_path: Path, shared_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = recipe.load(name)
    if name in WHERE:
        folder = shared_data(WHERE[name])
        monkeypatch.setenv("NLTK_DATA", str(folder))
        monkeypatch.setenv("UNROLLED_DATA", str(folder.parent))
        if "path" in written["data"]["init_args"] or name == "char_shakespeare":
            written["data"]["init_args"]["path"] = str(folder / "input.txt")
    if name == "text_table":
        (tmp_path / "mine.csv").write_text("text,label\n" + "".join(f"text {i},{i % 2}\n" for i in range(90)))
        written["data"]["init_args"]["path"] = str(tmp_path / "mine.csv")
    if name == "forecast_table":
        rows = (f"{s},{1950 + k // 12}-{k % 12 + 1:02d},{k + 9 * (k % 12 == 6)}\n" for s in "ab" for k in range(120))
        (tmp_path / "mine.csv").write_text("series,time,value\n" + "".join(rows))
        written["data"]["init_args"]["path"] = str(tmp_path / "mine.csv")
    assert _train(written, tmp_path / name)["val/loss"] > 0


CLASSES = ["test/loss", "test/nats_per_target", "test/accuracy", "test/error_rate"]
GENERATED = {  # what `test` prints of a recipe on generated data: its metrics, and its baseline's unit and value
    "adding": (["test/loss", "test/mse"], "mse: constant 0.1667"),
    "adding_200": (["test/loss", "test/mse"], "mse: constant 0.1667"),
    "copy_memory": (CLASSES, "nats per target: memoryless 0.3466"),
    "copy_memory_100": (CLASSES, "nats per target: memoryless 0.09452"),
    "temporal_order": (CLASSES, "nats per target: chance 1.386"),
    "influence_balancing": (["test/loss", "test/mse"], "mse: state at zero 1"),
    "multiplication": (["test/loss", "test/mse"], "mse: constant 0.04861"),
    "noiseless_memorisation": (CLASSES, "nats per target: memoryless 0.05776"),
    "parity": (CLASSES, "nats per target: chance 0.6931"),
    "random_permutation": (CLASSES, "nats per target: memoryless 0.6931"),
    "selective_copy": (CLASSES, "nats per target: memoryless 0.2599"),
    "temporal_order_3": (CLASSES, "nats per target: chance 2.079"),
}


@pytest.mark.parametrize("name", GENERATED)
def test_a_recipe_on_generated_data_from_fit_to_report(
    name: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from unrolled.cli import main

    briefly = [f"--{key}={'null' if value is None else value}" for key, value in BRIEFLY.items()]
    assert main(["fit", "-c", name, *briefly, "--data.init_args.eval_batches=1"]) == 0
    assert f"next: unrolled test runs/{name}" in capsys.readouterr().out
    assert main(["test", f"runs/{name}"]) == 0
    metrics, baselines = GENERATED[name]
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert re.findall(r"\S+/\S+(?= \d)", first) == metrics and second == f"baselines, {baselines}"
    assert main(["report", f"runs/{name}"]) == 0
    page = (workdir / "reports" / name / "index.html").read_text(encoding="utf-8")
    assert f"on the test data of {recipe.load(name)['data']['class_path']}" in page
    capsys.readouterr()
    assert main(["generate", f"runs/{name}", "--prefix", "a"]) == 2
    refused = capsys.readouterr().err
    assert "expected a run of LanguageModeling" in refused and refused.count("\n") == 1


@pytest.mark.parametrize("file", sorted((ROOT / "sweeps").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_recipe_and_sweep_opens_with_its_result_and_command(file: Path) -> None:
    assert "unrolled sweep" in file.read_text(encoding="utf-8").split("study:")[0]


@pytest.mark.parametrize("name", recipe.shipped())
def test_every_recipe_opens_with_its_result_and_command(name: str) -> None:
    head = (recipe.SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").split("task:")[0]
    assert f"unrolled fit -c {name}" in head and len(re.findall(r"^# Result: .*\d", head, re.MULTILINE)) == 1, head


PYTHON = [text for kind, text in BLOCKS if kind == "python"]


def test_the_first_example_of_the_readme_has_ten_lines() -> None:
    assert len(PYTHON) == 2 and len([line for line in PYTHON[0].splitlines() if line]) <= 10


def test_the_first_example_of_the_readme_runs(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import unrolled

    fit = unrolled.fit
    monkeypatch.setattr(unrolled, "fit", lambda name, changes: fit(name, changes | BRIEFLY))
    scope: dict[str, Any] = {}
    exec(compile(PYTHON[0], "README.md", "exec"), scope)  # noqa: S102 - our own README
    assert scope["run"].metrics["val/loss"] > 0 and list((workdir / "reports").rglob("index.html"))


def test_the_second_example_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import pytorch_lightning as pl

    trainer = pl.Trainer
    briefly: dict[str, Any] = {"limit_train_batches": 2, "limit_val_batches": 1, "logger": False}
    monkeypatch.setattr(pl, "Trainer", lambda **given: trainer(**given | briefly, default_root_dir=tmp_path))
    scope: dict[str, Any] = {}
    exec(compile(PYTHON[1], "README.md", "exec"), scope)  # noqa: S102 - our own README
    assert scope["task"].optimizer_steps == 8  # two batches of four windows each


def test_the_recipe_of_the_readme_trains(tmp_path: Path, text: Path) -> None:
    (block,) = (text for kind, text in BLOCKS if kind == "yaml" and text.startswith("task:"))
    written = recipe.normalise(yaml.safe_load(block), "README.md")
    written["data"]["init_args"].update(path=str(text), sequence_length=64)
    assert _train(written, tmp_path / "run")["val/loss"] > 0


def test_the_documented_sweep_is_the_one_that_is_shipped() -> None:
    page = (ROOT / "sweeps" / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(study:.*?)```", page, re.DOTALL)
    assert yaml.safe_load(block) == yaml.safe_load((ROOT / "sweeps" / "quickstart.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "my_text.txt"
    path.write_text("the quick brown fox jumps over the lazy dog\n" * 200, encoding="utf-8")
    return path


def test_the_table_of_strategies_is_complete() -> None:
    from unrolled.config import catalog

    items = re.findall(r"^- \*\*([a-z]+):\*\* (.+(?:\n  .+)*)$", _readme(), re.MULTILINE)
    cards = {seam: re.findall(r"\[(\w+)\]\((docs/strategies/\w+\.md)\)", item) for seam, item in items}
    listed = [(name, seam) for seam, named in cards.items() for name, _ in named]
    assert sorted(listed) == [(name, catalog.seam(name)) for name in catalog.names("strategies")]
    assert re.findall(r"^\| (\w+) \| [^|]+ \|$", _readme().split("| seam |")[1], re.MULTILINE) == [*cards]
    assert all((ROOT / card).is_file() for named in cards.values() for _, card in named)


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", _readme()):
        assert "://" in target or (ROOT / target).exists(), target


def test_no_line_of_the_readme_is_long() -> None:
    assert max(map(len, _readme().splitlines())) <= 120


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")
