"""Every argument of a recipe in words, read from the sources: type, default, unit, and what the recipe says."""

import re
import shutil
import textwrap

from unrolled.config import catalog
from unrolled.config.catalog import Argument
from unrolled.config.recipe import Recipe
from unrolled.config.validation import CLASSES, groups

LONG = 160  # characters of another package's explanation that are shown
KINDS = {kind: section for section, kind in CLASSES.items()} | {"tasks": "task", "strategies": "strategies"}


def explain(recipe: Recipe) -> str:
    """The dotted arguments of every class that a recipe names, as `--help` prints them."""
    blocks = []
    for key, kind, name, given in groups(recipe):
        section = KINDS.get(kind, kind)
        others = [other for other in catalog.names(kind) if other != name] if kind != "strategies" else []
        head = f"{section}: {name}" + (f"  (or --{section} {', '.join(others)})" if others else "")
        offered = catalog.arguments(kind, name)
        blocks.append("\n".join([head, *(_entry(f"--{key}.{key_}", told, given) for key_, told in offered.items())]))
    others = [name for name in catalog.names("strategies") if name not in recipe["strategies"]]
    offers = [f"{name}({', '.join(catalog.arguments('strategies', name))})" for name in others]
    blocks.append(f"further strategies, for --strategies: {', '.join(offers) or 'none'}")
    blocks.append(
        f"--seed  int, here {recipe['seed']}\n      of weights, dropout and sampling\n"
        f"--checkpoint_every  int, here {recipe['checkpoint_every']}\n      batches between two saves of last.ckpt"
    )
    return "\n\n".join(blocks)


def _entry(option: str, told: Argument, given: Recipe) -> str:
    default = "must be given" if told.default is None else f"default {told.default}"
    name = option.rpartition(".")[2]
    here = f", here {given[name]}" if name in given else ""
    width = min(shutil.get_terminal_size().columns, 120) - 6
    text = textwrap.fill(_short(told.help), max(width, 40), initial_indent=" " * 6, subsequent_indent=" " * 6)
    return f"  {option}  {told.type}, {default}{here}" + (f"\n{text}" if text.strip() else "")


def _short(text: str) -> str:
    """Lightning's explanations run to a page; their first sentence says what an argument is."""
    text = re.sub(r"\(default: (?:[^()]|\([^()]*\))*\)\.?|Default: \S+", "", text)
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", text).replace("``", "").strip()
    return text if len(text) <= LONG else text.partition(". ")[0].rstrip(".") + "."
