"""A sweep file is checked key by key, and against its recipe, before anything is trained."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from unrolled.errors import InputError
from unrolled.tuning import samplers, sweep_file

from .conftest import RATE, SOURCE, SWEEP, WriteSweep


def test_defaults_are_filled_in(write_sweep: WriteSweep) -> None:
    path = write_sweep()
    path.write_text(f"study: s\nrecipe: recipe.yaml\ntrials: 3\nspace:\n  {RATE}: {{float: [1e-3, 1e-1]}}\n")
    sweep = sweep_file.read_sweep(path)
    assert sweep.objective == {"metric": "val/loss", "direction": "minimize"}
    assert (sweep.sampler, sweep.pruner) == ({"TPESampler": {}}, {"NopPruner": {}})
    assert (sweep.workers, sweep.threads, sweep.seconds, sweep.storage) == (1, 1, None, None)
    assert sweep.space[RATE] == {"float": [0.001, 0.1]}


def test_names_may_stand_alone(write_sweep: WriteSweep) -> None:
    sweep = sweep_file.read_sweep(
        write_sweep(sampler="RandomSampler", pruner="MedianPruner", objective={"metric": "x"})
    )
    assert (sweep.sampler, sweep.pruner) == ({"RandomSampler": {}}, {"MedianPruner": {}})
    assert sweep.objective == {"metric": "x", "direction": "minimize"}


def test_what_was_read_can_be_written_and_read_again(write_sweep: WriteSweep) -> None:
    sweep = sweep_file.read_sweep(write_sweep(seconds=2.5))
    assert sweep_file.read_sweep(write_sweep(**sweep.as_dict())) == sweep


def test_the_command_line_comes_on_top(write_sweep: WriteSweep) -> None:
    path = write_sweep(overrides={"seed": 5, "trainer.max_epochs": 2})
    sweep = sweep_file.read_sweep(path, {"seed": 6}, trials=2, workers=None)
    assert (sweep.trials, sweep.workers) == (2, SWEEP["workers"])
    assert sweep.base("here")["seed"] == 6
    assert sweep.base("here")["trainer"]["max_epochs"] == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spaces": {}}, "Did you mean space?"),
        ({"study": None}, "expected the key 'study'"),
        ({"study": "../escape"}, "study: expected a name of letters, digits"),
        ({"study": 5}, "study: expected a name"),
        ({"recipe": {"task": "x"}}, "recipe: expected a recipe's name or path"),
        ({"recipe": None}, "expected the key 'recipe'"),
        ({"overrides": ["seed"]}, "overrides: expected {dotted.path: value}, got ['seed']"),
        ({"space": {}}, "space: expected at least one"),
        ({"space": {RATE: {"float": [1, 0]}}}, f"space.{RATE}: float: expected low <= high"),
        ({"sampler": "TPE"}, "sampler: expected one of"),
        ({"sampler": {"TPESampler": {}, "RandomSampler": {}}}, "sampler: expected a name, or {Name: "),
        ({"sampler": {"TPESampler": 5}}, "sampler: expected a name, or {Name: "),
        ({"pruner": {"MedianPruner": {"warmup": 1}}}, "pruner.MedianPruner: expected one of"),
        ({"objective": "val/loss"}, "objective: expected {metric: val/loss"),
        ({"objective": {"metrics": "x"}}, "Did you mean metric?"),
        ({"objective": {"metric": 5}}, "objective.metric: expected a metric's name"),
        ({"objective": {"direction": "min"}}, "objective.direction: expected one of maximize, minimize, got 'min'"),
        ({"trials": None}, "expected the key 'trials'"),
        ({"trials": 0}, "trials: expected an integer of 1 or more, got 0"),
        ({"trials": True}, "trials: expected an integer"),
        ({"trials": "12"}, "trials: expected an integer of 1 or more, got '12'"),
        ({"workers": 1.5}, "workers: expected an integer of 1 or more, got 1.5"),
        ({"threads": 0}, "threads: expected an integer of 1 or more, got 0"),
        ({"heartbeat": 0}, "heartbeat: expected an integer of 1 or more, got 0"),
        ({"seconds": 0}, "seconds: expected a number above 0, or null for no limit, got 0"),
        ({"seconds": "1h"}, "seconds: expected a number above 0, or null for no limit, got '1h'"),
        ({"storage": 5}, "storage: expected an SQLAlchemy URL or null, got 5"),
    ],
)
def test_a_wrong_entry_is_told_in_one_line(write_sweep: WriteSweep, changes: dict[str, Any], message: str) -> None:
    entries = {key: value for key, value in {**SWEEP, **changes}.items() if value is not None}
    path = write_sweep()
    path.write_text(sweep_file.yaml_io.to_yaml(entries))
    with pytest.raises(InputError) as raised:
        sweep_file.read_sweep(path)
    assert message in str(raised.value)
    assert str(raised.value).startswith("sweep.yaml: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", ["", "- a", "study: [", "study: a\nstudy: b", "text"])
def test_a_file_that_is_no_sweep(write_sweep: WriteSweep, content: str) -> None:
    path = write_sweep()
    path.write_text(content)
    with pytest.raises(InputError, match=r"^sweep.yaml\S*: expected"):
        sweep_file.read_sweep(path)


def test_a_missing_file(workdir: Path) -> None:
    with pytest.raises(InputError, match=r"^sweep.yaml: expected a YAML file"):
        sweep_file.read_sweep("sweep.yaml")


def test_a_path_may_belong_to_one_class_alone(write_sweep: WriteSweep) -> None:
    choice = {"categorical": ["torch.optim.Adam", "torch.optim.SGD"]}
    momentum = {"float": [0.0, 0.9], "when": {"optimizer.class_path": "torch.optim.SGD"}}
    both = {"optimizer.class_path": choice, "optimizer.init_args.momentum": momentum}
    assert sweep_file.read_sweep(write_sweep(space=both)).base("sweep.yaml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"overrides": {"trainer.max_epoch": 1}}, "max_epochs"),
        ({"space": {"optimizer.init_args.learning_rate": {"float": [1e-3, 1]}}}, "optimizer.init_args.learning_rate"),
        ({"space": {"strategies.ClipNorm.max_norm": {"float": [1e-3, 1]}}}, "strategies.ClipNorm.max_norm"),
        ({"space": {"optimizer.class_path": {"categorical": ["Adam", "Adma"]}}}, "Adam"),
        ({"recipe": "quickstrat"}, "quickstart"),
        ({"recipe": "absent.yaml"}, "absent.yaml"),
    ],
)
def test_what_the_recipe_does_not_have_is_refused_by_name(
    write_sweep: WriteSweep, changes: dict[str, Any], message: str
) -> None:
    sweep = sweep_file.read_sweep(write_sweep(**changes))
    with pytest.raises(InputError) as raised:
        sweep.base("sweep.yaml")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_reading_needs_neither_torch_nor_optuna() -> None:
    heavy = "{'torch', 'pytorch_lightning', 'optuna', 'rich'} & sys.modules.keys()"
    code = f"import sys, unrolled.tuning, unrolled.tuning.sweep_file; sys.exit(str(sorted({heavy})))"
    ended = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=False
    )
    assert ended.stderr.strip() == "[]"


def test_the_page_on_sweeps_tells_every_key_and_class() -> None:
    page = (SOURCE.parent / "sweeps/README.md").read_text()
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(sweep_file.Sweep.__dataclass_fields__)
    for name in [*samplers.SAMPLERS, *samplers.PRUNERS]:
        assert f"`{name}`" in page
