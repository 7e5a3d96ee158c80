"""The experiments run, print a row for each arm, draw a small figure, and give every arm the same to read."""

import re
from pathlib import Path

import pytest
from pytorch_lightning.callbacks import Callback

ROOT = Path(__file__).parents[2]
SMALL = {
    "exploding": "--steps 4 --seeds 1 2",
    "temporal_order": "--steps 4 --seeds 1 2 --lengths 10 12",
    "identity": "--steps 4 --seeds 1 2",
    "chrono": "--adding 4 --copy 4 --seeds 1 2",
    "copy_initialization": "--steps 4 --seeds 1 2",
}
TABLES = {"temporal_order": 2, "chrono": 2}
DRAWN = {"chrono": ["chrono_adding", "chrono_copy"]}


@pytest.mark.parametrize("name", SMALL)
def test_it_prints_a_row_for_each_arm_and_draws_them(name, script, printed, tmp_path):
    arms = [*script(name).ARMS]
    tables = TABLES.get(name, 1)
    rows = printed(name, SMALL[name])
    assert [row[0] for row in rows if row[0] in arms] == arms * tables and len(rows) == tables * (len(arms) + 1)
    assert all(len(row) == len(rows[0]) and all(row[:2]) for row in rows)
    assert sorted(tmp_path.iterdir()) == [tmp_path / f"{drawn}.svg" for drawn in DRAWN.get(name, [name])]
    assert all(1_000 < drawn.stat().st_size < 80_000 for drawn in tmp_path.iterdir())


def test_without_one_task_there_is_one_table(printed):
    rows = printed("chrono", "--adding 2 --copy 0 --seeds 1")
    assert [row[0] for row in rows] == [rows[0][0], "forget bias 1", "chrono"]
    assert rows[0][0].startswith("adding")


def test_an_exploding_gradient_is_the_same_in_every_arm_until_the_first_step(script):
    module = script("exploding")
    first, other = ({name: module.work((name, seed, 2)) for name in module.ARMS} for seed in (1, 2))
    assert len({run.norms[0] for run in first.values()}) == 1 == len({run.losses[0] for run in first.values()})
    assert first["nothing"].losses[0] != other["nothing"].losses[0]
    assert not isinstance(first["nothing"], Callback), "which holds the task, whose class no other process knows"
    assert first["nothing"].clipped == [0.0] and first["ClipNorm"].clipped == [1.0]
    assert first["nothing"].losses[1] != first["ClipNorm"].losses[1]


def test_the_makefile_runs_every_script():
    made = re.findall(r"benchmarks/(\w+)\.py", (ROOT / "Makefile").read_text(encoding="utf-8"))
    scripts = [file.stem for file in (ROOT / "benchmarks").glob("*.py") if "def main()" in file.read_text("utf-8")]
    others = {"attention_map", "files_entered"}  # one needs a run, one counts files
    assert sorted(made) == sorted({*scripts} - others)


def test_every_figure_is_shown_with_its_command():
    pages = [file.read_text(encoding="utf-8") for file in (ROOT / "docs/results").glob("*.md")]
    figures = {file.stem for file in (ROOT / "docs/figures").glob("*.svg")}
    assert {*re.findall(r"\(\.\./figures/(\w+)\.svg\)", "".join(pages))} == figures
    for name in SMALL:
        for drawn in figures & {*DRAWN.get(name, [name])}:
            (page,) = (text for text in pages if f"figures/{drawn}.svg" in text)
            assert f"benchmarks/{name}.py" in page
            assert (ROOT / f"docs/figures/{drawn}.svg").stat().st_size < 80_000
