"""Recipes: read, brought into one form, changed, checked, written."""

import copy
import math
import re
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled.config import recipe, yaml_io
from unrolled.errors import InputError

GOOD: dict[str, Any] = {
    "task": {"LanguageModeling": {"dropout": 0.1}},
    "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 8}},
    "strategies": ["CarriedState", {"TruncatedBPTT": {"k1": 4}}, {"ClipNorm": {"max_norm": 1.0}}],
    "optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.01}},
    "data": "PythonDocs",
    "trainer": {"max_epochs": 1},
}
NORMAL = recipe.normalise(GOOD, "good.yaml")


def refused(changed: dict[str, Any]) -> str:
    """The one line that refuses GOOD with changed sections."""
    with pytest.raises(InputError) as caught:
        recipe.check(recipe.normalise(GOOD | changed, "bad.yaml"), "bad.yaml")
    line = str(caught.value)
    assert line.startswith("bad.yaml: ")
    assert "\n" not in line
    return line.removeprefix("bad.yaml: ")


def test_one_form() -> None:
    assert NORMAL == {
        "task": {"LanguageModeling": {"dropout": 0.1}},
        "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 8}},
        "strategies": {"CarriedState": {}, "TruncatedBPTT": {"k1": 4}, "ClipNorm": {"max_norm": 1.0}},
        "optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.01}},
        "lr_scheduler": None,
        "data": {"class_path": "PythonDocs", "init_args": {}},
        "trainer": {"max_epochs": 1},
        "seed": 1,
        "checkpoint_every": 500,
    }
    assert recipe.normalise(NORMAL, "again") == NORMAL
    assert list(NORMAL["strategies"]) == ["CarriedState", "TruncatedBPTT", "ClipNorm"]


@pytest.mark.parametrize(
    ("section", "written", "normal"),
    [
        ("task", "LanguageModeling", {"LanguageModeling": {}}),
        ("task", {"LanguageModeling": None}, {"LanguageModeling": {}}),
        ("optimizer", "Adam", {"class_path": "torch.optim.Adam", "init_args": {}}),
        ("strategies", None, {}),
        ("strategies", [], {}),
        ("strategies", "CarriedState", {"CarriedState": {}}),
        ("strategies", {"CarriedState": {}, "ClipNorm": {}}, {"CarriedState": {}, "ClipNorm": {}}),
        ("trainer", None, {}),
        (
            "lr_scheduler",
            {"class_path": "StepLR", "init_args": {"step_size": 3}, "interval": "step"},
            {
                "class_path": "torch.optim.lr_scheduler.StepLR",
                "init_args": {"step_size": 3},
                "interval": "step",
                "frequency": 1,
                "monitor": None,
                "warm_up": 0,
            },
        ),
    ],
)
def test_ways_to_write_a_section(section: str, written: Any, normal: Any) -> None:
    found = recipe.normalise(GOOD | {section: written}, "good.yaml")
    recipe.check(found, "good.yaml")
    assert found[section] == normal


@pytest.mark.parametrize("name", recipe.shipped())
def test_shipped_recipes(name: str) -> None:
    found = recipe.load(name)
    if found["data"]["class_path"] in ("TextFile", "TextTable"):
        found = recipe.override(found, {"data.init_args.path": "text.txt"})
    recipe.check(found, name)


def test_dump_and_load(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(recipe.dump(NORMAL))
    assert recipe.load(path) == recipe.load(str(path)) == NORMAL


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"optimiser": "Adam"}, "section: expected one of .* got 'optimiser'. Did you mean optimizer?"),
    ({"task": "LanguageModelling"}, "task: expected one of .* got 'LanguageModelling'. Did you mean LanguageModeling?"),
    ({"task": {}}, "task: expected a name or one name with its arguments"),
    ({"task": {"LanguageModeling": {"level": "word"}}}, "task.LanguageModeling.level: set by the run itself"),
    ({"task": {"LanguageModeling": {"droput": 1}}}, "task.LanguageModeling: .*Did you mean dropout?"),
    ({"architecture": "LSTN"}, "architecture: .*Did you mean LSTM?"),
    ({"architecture": "LSTM"}, "architecture.init_args.hidden_size: expected int, got none; LSTM has no default"),
    (
        {"architecture": {"class_path": "subprocess.Popen", "init_args": {"args": "ls"}}},
        "architecture: expected one of GRU",
    ),
    ({"architecture": {"class_path": "LSTM", "init_args": {"hiden_size": 8}}}, "Did you mean hidden_size?"),
    ({"architecture": {"class_path": "LSTM", "init_args": {"input_size": 8}}}, "set by the run itself"),
    (
        {"architecture": {"class_path": "LSTM", "args": {}}},
        "architecture: expected one of class_path, init_args, got 'args'",
    ),
    ({"architecture": {"hidden_size": 8}}, "architecture: expected {class_path: NAME"),
    (
        {"architecture": {"class_path": "LSTM", "init_args": 3}},
        "architecture.init_args: expected arguments by name, got 3",
    ),
    ({"architecture": None}, "architecture: expected {class_path: NAME"),
    ({"optimizer": "os.system"}, "optimizer: expected one of ASGD.* got 'os.system'"),
    ({"optimizer": "torch.optim.Admw"}, "optimizer: .*Did you mean AdamW?"),
    ({"optimizer": {"class_path": "Adam", "init_args": {"momentum": 0.9}}}, "optimizer.init_args: .* got 'momentum'"),
    ({"lr_scheduler": "LambdaLR"}, "lr_scheduler: expected one of .* got 'LambdaLR'"),
    ({"lr_scheduler": {"class_path": "StepLR", "init_args": {"step_size": 1}, "interval": "batch"}}, "expected step"),
    (
        {"lr_scheduler": {"class_path": "StepLR", "init_args": {"step_size": 1}, "frequency": 0}},
        "expected an integer",
    ),
    (
        {"lr_scheduler": {"class_path": "StepLR", "init_args": {"step_size": 1}, "warm_up": -1}},
        "lr_scheduler.warm_up: expected a number of batches, 0 or more, got -1",
    ),
    (
        {"lr_scheduler": {"class_path": "StepLR", "init_args": {"step_size": 1}, "warm_up": 1.5}},
        "lr_scheduler.warm_up: expected a number of batches, 0 or more, got 1.5",
    ),
    ({"lr_scheduler": "ReduceLROnPlateau"}, "lr_scheduler.monitor: expected a metric"),
    ({"data": "builtins.eval"}, "data: expected one of .* got 'builtins.eval'"),
    ({"data": "TextFile"}, "data.init_args.path: expected str, got none; TextFile has no default"),
    ({"strategies": ["ClipNrm"]}, "strategies: .*Did you mean ClipNorm?"),
    (
        {"strategies": ["ClipNorm", "ClipValue"]},
        "ClipNorm and ClipValue both own the seam 'clipping'. Keep one of them.",
    ),
    ({"strategies": ["TeacherForcing", "CarriedState", "ScheduledSampling"]}, "both own the seam 'feedback'"),
    ({"strategies": ["ClipNorm", {"ClipNorm": {"max_norm": 1}}]}, "duplicate strategy ClipNorm"),
    ({"strategies": [{"ClipNorm": {}, "CarriedState": {}}]}, "expected a name or one name with its arguments"),
    ({"strategies": [{"CarriedState": {"burnin": 3}}]}, "got 'burnin'. Did you mean burn_in?"),
    ({"strategies": [{"ClipNorm": {"optimizer": {}}}]}, "strategies.ClipNorm: expected one of max_norm"),
    ({"strategies": [3]}, "strategies: expected a name"),
    ({"trainer": {"max_epoch": 3}}, "trainer: unknown 'max_epoch'. Did you mean max_epochs?"),
    ({"trainer": {"callbacks": [{"class_path": "os.system"}]}}, "trainer.callbacks: set by the run itself"),
    ({"trainer": {"logger": True}}, "trainer.logger: set by the run itself"),
    ({"trainer": {"plugins": []}}, "trainer.plugins: set by the run itself"),
    (
        {"trainer": {"profiler": {"class_path": "subprocess.Popen"}}},
        "trainer.profiler: expected a plain value, got a class",
    ),
    ({"trainer": {"strategy": [{"deep": {"class_path": "os.system"}}]}}, "trainer.strategy: expected a plain value"),
    ({"trainer": 3}, "trainer: expected arguments by name, got 3"),
    ({"seed": -1}, "seed: expected an integer of at least 0, got -1"),
    ({"seed": True}, "seed: expected an integer"),
    ({"seed": 2**32}, "seed: expected an integer"),
    ({"checkpoint_every": 0}, "checkpoint_every: expected an integer of at least 1, got 0"),
]


@pytest.mark.parametrize(("changed", "message"), REFUSED, ids=[message[:60] for _, message in REFUSED])
def test_refused(changed: dict[str, Any], message: str) -> None:
    assert re.search(message.replace("?", r"\?").replace("{", r"\{"), refused(changed))


def test_a_section_that_is_missing() -> None:
    with pytest.raises(InputError, match="bad.yaml: expected the section data"):
        recipe.normalise({key: value for key, value in GOOD.items() if key != "data"}, "bad.yaml")


@pytest.mark.parametrize("written", [None, [], "LSTM", 3])
def test_no_recipe(written: Any) -> None:
    with pytest.raises(InputError, match="expected a recipe with the sections task, "):
        recipe.normalise(written, "bad.yaml")


def test_override_leaves_the_first_as_it_was() -> None:
    before = copy.deepcopy(NORMAL)
    values = [1, 2]
    changed = recipe.override(
        NORMAL,
        {
            "optimizer.init_args.lr": 0.5,
            "strategies.ClipNorm.max_norm": 2.0,
            "seed": 7,
            "trainer.devices": values,
            "architecture.class_path": "GRU",
        },
    )
    values.append(3)
    assert before == NORMAL
    assert changed["optimizer"]["init_args"] == {"lr": 0.5}
    assert changed["strategies"]["ClipNorm"] == {"max_norm": 2.0}
    assert (changed["seed"], changed["trainer"]["devices"]) == (7, [1, 2])
    assert changed["architecture"] == {"class_path": "GRU", "init_args": {"hidden_size": 8}}


def test_a_path_may_lead_into_what_another_change_brings() -> None:
    changes: dict[str, Any] = {"strategies.ClipValue.max_value": 0.5, "optimizer.init_args.momentum": 0.9}
    changes |= {"optimizer": "SGD", "strategies": [{"ClipValue": {"max_value": 1.0}}, "CarriedState"]}
    changed = recipe.override(NORMAL, changes)
    assert changed["strategies"] == {"ClipValue": {"max_value": 0.5}, "CarriedState": {}}
    assert changed["optimizer"] == {"class_path": "torch.optim.SGD", "init_args": {"momentum": 0.9}}
    scheduler = {"lr_scheduler": "StepLR", "lr_scheduler.init_args.step_size": 2, "lr_scheduler.interval": "step"}
    assert recipe.override(NORMAL, scheduler)["lr_scheduler"]["interval"] == "step"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("optimizer.lr", "unknown key 'optimizer.lr'. Did you mean optimizer.init_args.lr?"),
        ("lr", "Did you mean optimizer.init_args.lr?"),
        ("strategies.ClipNorm.maxnorm", "Did you mean strategies.ClipNorm.max_norm?"),
        ("strategies.ClipValue.max_value", "unknown key"),
        ("trainer.max_epoch", "Did you mean trainer.max_epochs?"),
        ("trainer.callbacks", "trainer.callbacks: set by the run itself"),
        ("task.LanguageModeling.level", "Did you mean data.init_args.level?"),
        ("architecture.init_args.input_size", "unknown key"),
        ("seed.x", "unknown key"),
        ("", "unknown key"),
    ],
)
def test_an_unknown_path(path: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        recipe.override(NORMAL, {path: 1}, "here")
    assert str(caught.value).startswith("here: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        (["--a.b", "1e-3"], {"a.b": 0.001}),
        (["--a.b=-1", "--c", "-2"], {"a.b": -1, "c": -2}),
        (["--a", "inf"], {"a": math.inf}),
        (["--a", "null", "--b", "", "--c", "true"], {"a": None, "b": "", "c": True}),
        (["--a", "[X, {Y: {z: 1}}]"], {"a": ["X", {"Y": {"z": 1}}]}),
        (["--a", "x: y: z"], {"a": "x: y: z"}),
        (["--a=b=c"], {"a": "b=c"}),
    ],
)
def test_dotted_arguments(argv: list[str], found: dict[str, Any]) -> None:
    assert recipe.changes(argv) == found


@pytest.mark.parametrize("argv", [["--a"], ["--a", "--b", "1"], ["a", "1"], ["--a", "[1"]])
def test_dotted_arguments_that_say_nothing(argv: list[str]) -> None:
    with pytest.raises(InputError, match="^command line: "):
        recipe.changes(argv)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task: LanguageModeling\ntask: Other\n", ":2:1: .* duplicate key 'task'"),
        ("trainer: {max_epochs: 1, max_epochs: 2}", ":1:26: .*duplicate key 'max_epochs'"),
        ("task: [unclosed", ":1:16: expected YAML"),
        ("task:\n\t- x", ":2:1: expected YAML"),
        ("1: x", ":1:1: .*not text: 1"),
        ("? [a]\n: x", "not text"),
        ("a: !!python/object/apply:os.system ['true']", ":1:4: expected YAML"),
        ("a: \x00", "expected YAML"),
        ("[" * 1000, "expected YAML"),
        ("a: !!float x", "expected YAML"),
    ],
)
def test_yaml_that_is_none(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        recipe.load(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"task: \xe9")
    with pytest.raises(InputError, match="latin.yaml: expected UTF-8 text, got the byte 0xe9 at offset 6"):
        recipe.load(tmp_path / "latin.yaml")
    with pytest.raises(InputError, match=r"none.yaml: expected a YAML file, got no such file"):
        recipe.load(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="expected a YAML file"):
        recipe.load(tmp_path)
    with pytest.raises(InputError, match=r"'quickstrat'. Did you mean quickstart\?"):
        recipe.load("quickstrat")


def test_numbers() -> None:
    read = yaml_io.parse_yaml("[1e-3, 2E5, 1.5e+2, .5e1, inf, -inf, .inf, 1e, e3, 1, 0.5, 2024-01-31]", "here")
    assert read == [0.001, 2e5, 150.0, 5.0, math.inf, -math.inf, math.inf, "1e", "e3", 1, 0.5, "2024-01-31"]


WORDS = st.text(string.printable, max_size=8) | st.sampled_from(["1e-3", "inf", "no", "null", "2024-01-31", "{", "é"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS


@settings(max_examples=50)
@given(st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=9) | st.dictionaries(WORDS, inner, max_size=9)))
def test_yaml_gives_back_what_was_written(value: Any) -> None:
    back = yaml_io.parse_yaml(yaml_io.to_yaml(value), "here")
    assert repr(back) == repr(value)  # repr, so that 1 is not 1.0 nor True
