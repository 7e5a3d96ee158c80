"""Shell completion for the command, including the dotted arguments of every class."""

import shtab

from unrolled.cli.parser import build_parsers
from unrolled.config import catalog
from unrolled.config.validation import CLASSES, SECTIONS


def script(shell: str) -> str:
    """The completion script for `bash` or `zsh`."""
    top, commands = build_parsers()
    for name in ("fit", "sweep"):
        for option in options():
            commands[name].add_argument(option, dest=option)
    commands["sweep"].set_defaults(file=None)
    text: str = shtab.complete(top, shell=shell)
    return text


def options() -> list[str]:
    """All dotted arguments that any recipe accepts."""
    keys = {"tasks": "task.{}", "strategies": "strategies.{}", "trainer": "trainer"}
    keys |= {kind: f"{section}.init_args" for section, kind in CLASSES.items()}
    dotted = {
        f"--{key.format(name)}.{argument}"
        for kind, key in keys.items()
        for name, arguments in catalog.classes(kind).items()
        for argument in arguments
    }
    return [*(f"--{section}" for section in SECTIONS), *(f"--{s}.class_path" for s in CLASSES), *sorted(dotted)]
