"""Help for the arguments of a recipe: type, default, description and current value, read from the sources."""

import re
import shutil
import textwrap

from unrolled.config import catalog
from unrolled.config.catalog import Argument
from unrolled.config.recipe import Recipe
from unrolled.config.validation import CLASSES, named_classes

LONG = 160  # longest description shown in full
KINDS = {kind: section for section, kind in CLASSES.items()} | {"tasks": "task", "strategies": "strategies"}


def explain(recipe: Recipe) -> str:
    """The dotted arguments of the recipe's classes, as `--help` prints them."""
    blocks = []
    for key, kind, name, given in named_classes(recipe):
        section = KINDS.get(kind, kind)
        others = [other for other in catalog.names(kind) if other != name] if kind != "strategies" else []
        head = f"{section}: {name}" + (f"  (or --{section} {', '.join(others)})" if others else "")
        offered = catalog.arguments(kind, name)
        entries = [_entry(f"--{key}.{option}", argument, given) for option, argument in offered.items()]
        blocks.append("\n".join([head, *entries]))
    others = [name for name in catalog.names("strategies") if name not in recipe["strategies"]]
    offers = [f"{name}({', '.join(catalog.arguments('strategies', name))})" for name in others]
    blocks.append(f"other strategies, for --strategies: {', '.join(offers) or 'none'}")
    blocks.append(
        f"--seed  int, here {recipe['seed']}\n      seed of weights, dropout and sampling\n"
        f"--checkpoint_every  int, here {recipe['checkpoint_every']}\n      batches between saves of last.ckpt"
    )
    return "\n\n".join(blocks)


def _entry(option: str, argument: Argument, given: Recipe) -> str:
    default = "required" if argument.default is None else f"default {argument.default}"
    name = option.rpartition(".")[2]
    current = f", here {given[name]}" if name in given else ""
    width = min(shutil.get_terminal_size().columns, 120) - 6
    text = textwrap.fill(_short(argument.help), max(width, 40), initial_indent=" " * 6, subsequent_indent=" " * 6)
    return f"  {option}  {argument.type}, {default}{current}" + (f"\n{text}" if text.strip() else "")


def _short(text: str) -> str:
    """The description without markup; only its first sentence if it is longer than LONG."""
    text = re.sub(r"\(default: (?:[^()]|\([^()]*\))*\)\.?|Default: \S+", "", text)
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", text).replace("``", "").strip()
    return text if len(text) <= LONG else re.split(r"(?<! al)(?<!e\.g)\. ", text)[0].rstrip(".") + "."
