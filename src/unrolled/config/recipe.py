"""Recipes: YAML files with one section per part of a run.

Imports no torch, so that wrong keys are reported at once.  A normalised recipe is a dict of plain builtins:

    task:         {LanguageModeling: {dropout: 0.1}}                  one class with its arguments
    architecture: {class_path: LSTM, init_args: {hidden_size: 192}}   likewise data and optimizer
    lr_scheduler: null, or such a class with interval (step: a batch; epoch), frequency (intervals), monitor (a metric),
                  warm_up (batches)
    strategies:   {TruncatedBPTT: {k1: 64, k2: 64}, CarriedState: {}}
    trainer:      arguments of pytorch_lightning.Trainer
    seed:         an integer, for weights, dropout and sampling
    checkpoint_every: batches between two saves of last.ckpt
"""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unrolled.config import catalog, yaml_io
from unrolled.config.validation import CLASSES, SECTIONS, SETTINGS, check, check_names, paths
from unrolled.errors import InputError
from unrolled.suggestions import expected, nearest, quoted

__all__ = ["Recipe", "changes", "check", "dump", "load", "normalise", "override", "paths", "shipped"]

Recipe = dict[str, Any]
DEFAULTS: Recipe = {"strategies": {}, "lr_scheduler": None, "trainer": {}, "seed": 1, "checkpoint_every": 500}
SHIPPED = Path(__file__).parents[1] / "recipes"


def shipped() -> list[str]:
    """Names of the recipes shipped with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def load(name_or_path: str | Path) -> Recipe:
    """Read, normalise and check the names of a recipe, given by path or by the name of a shipped recipe.

    Missing arguments are reported by `check`, as a later `override` may still supply them.
    """
    path = Path(name_or_path)
    if path.is_dir() and str(path) not in shipped():
        raise InputError(f"{path}: expected a YAML file, got a folder. The recipe of a run is its recipe.yaml.")
    if path.parent == Path() and not path.suffix and not path.is_file():
        if path.name not in shipped():
            raise InputError(f"recipe: {expected(path.name, shipped())} For a file, include its .yaml extension.")
        path = SHIPPED / f"{path.name}.yaml"
    recipe = normalise(yaml_io.read_yaml(path), str(path))
    check_names(recipe, str(path))
    return recipe


def normalise(written: Any, source: str) -> Recipe:
    """Bring every section into its normal form and fill in defaults."""
    if not isinstance(written, Mapping):
        raise InputError(f"{source}: expected a recipe with the sections {', '.join(SECTIONS)}, got {quoted(written)}")
    for key in written:
        if key not in SECTIONS:
            raise InputError(f"{source}: section: {expected(key, SECTIONS)}")
    recipe = DEFAULTS | dict(written)
    if missing := [section for section in SECTIONS if section not in recipe]:
        raise InputError(f"{source}: expected the section {missing[0]}, got none")
    return {section: _section(section, copy.deepcopy(recipe[section]), source) for section in SECTIONS}


def override(recipe: Recipe, changes: Mapping[str, Any], source: str = "command line") -> Recipe:
    """A copy with values replaced by dotted path: `{"optimizer.init_args.lr": 0.01, "strategies": ["CarriedState"]}`.

    Sections are replaced first, so that longer paths apply to the new sections.
    """
    changed = copy.deepcopy(recipe)
    for path in sorted(changes, key=lambda path: path.count(".")):
        known = paths(changed)
        if path.removeprefix("trainer.") in catalog.SUPPLIED["trainer"]:
            raise InputError(f"{source}: {path}: set by the run itself. Remove it.")
        if path not in known:
            near = nearest(path, known)
            hint = f"Did you mean {near}?" if near else "`unrolled fit --help` lists the keys."
            raise InputError(f"{source}: unknown key {path!r}. {hint}")
        *parents, last = path.split(".")
        if not parents:
            changed[last] = _section(last, copy.deepcopy(changes[path]), source)
            continue
        at: Any = changed
        for part in parents:
            at = at[part]
        if path.split(".")[0] in CLASSES and last == "class_path":
            at[last] = catalog.long_name(CLASSES[parents[0]], str(changes[path]))
        else:
            at[last] = copy.deepcopy(changes[path])
    return changed


def changes(argv: Sequence[str]) -> Recipe:
    """Parse dotted arguments, `--a.b VALUE` or `--a.b=VALUE` with values in YAML, into changes for `override`."""
    found: Recipe = {}
    rest = list(argv)
    while rest:
        name, equals, text = rest.pop(0).partition("=")
        if not name.startswith("--"):
            raise InputError(f"command line: expected --key VALUE, got {name!r}")
        if not equals and (not rest or rest[0].startswith("--")):
            raise InputError(f"command line: {name}: expected a value, got none")
        found[name[2:]] = parse_value(text if equals else rest.pop(0), f"command line: {name}")
    return found


def parse_value(text: str, source: str) -> Any:
    """A command-line value: parsed as YAML, or the text itself if that fails."""
    try:
        return yaml_io.parse_yaml(text, source) if text.strip() else text
    except InputError:
        if text.lstrip()[0] in "[{":
            raise
        return text


def dump(recipe: Recipe) -> str:
    """A recipe as YAML, the inverse of `load`."""
    return yaml_io.to_yaml(recipe | {"strategies": [{k: v} if v else k for k, v in recipe["strategies"].items()]})


def _section(section: str, value: Any, source: str) -> Any:
    if section in CLASSES:
        return _class(section, value, source)
    if section in ("task", "strategies"):
        items = value if isinstance(value, list) else [value]
        if isinstance(value, Mapping) and section == "strategies":
            items = [{name: arguments} for name, arguments in value.items()]
        named = [_named(section, item, source) for item in items if value is not None]
        unique = dict(named)
        if len(unique) < len(named):
            twice = next(name for name, _ in named if [n for n, _ in named].count(name) > 1)
            raise InputError(f"{source}: strategies: duplicate strategy {twice}. Keep one of them.")
        return unique
    if section == "trainer":
        return _mapping("trainer", value, source)
    return value


def _class(section: str, value: Any, source: str) -> Recipe | None:
    """`LSTM`, or `{class_path: LSTM, init_args: {...}}`."""
    if value is None and section == "lr_scheduler":
        return None
    form = {"class_path": value} if isinstance(value, str) else value
    settings = SETTINGS.get(section, {})
    if not isinstance(form, Mapping) or "class_path" not in form:
        raise InputError(f"{source}: {section}: expected {{class_path: NAME, init_args: {{...}}}}, got {quoted(value)}")
    for key in form:
        if key not in ("class_path", "init_args", *settings):
            raise InputError(f"{source}: {section}: {expected(key, ['class_path', 'init_args', *settings])}")
    name = catalog.long_name(CLASSES[section], str(form["class_path"]))
    init_args = _mapping(f"{section}.init_args", form.get("init_args"), source)
    return {"class_path": name, "init_args": init_args, **{key: form.get(key, settings[key]) for key in settings}}


def _named(section: str, item: Any, source: str) -> tuple[str, Recipe]:
    """`ClipNorm`, or `{ClipNorm: {max_norm: 1.0}}`."""
    if isinstance(item, str):
        return item, {}
    if not isinstance(item, Mapping) or len(item) != 1:
        raise InputError(f"{source}: {section}: expected a name or one name with its arguments, got {quoted(item)}")
    ((name, arguments),) = item.items()
    return name, _mapping(f"{section}.{name}", arguments, source)


def _mapping(key: str, value: Any, source: str) -> Recipe:
    if value is not None and not isinstance(value, Mapping):
        raise InputError(f"{source}: {key}: expected arguments by name, got {quoted(value)}")
    return dict(value or {})
