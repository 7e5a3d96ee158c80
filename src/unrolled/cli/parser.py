"""The words of the command line."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import unrolled
from unrolled.config import recipe
from unrolled.config.validation import SECTIONS
from unrolled.errors import InputError
from unrolled.suggestions import expected

RECIPE = "a shipped recipe's name ({}) or the path of a YAML file"
CHANGES = """
Every argument of the recipe can be changed by its dotted path, with a value in YAML:
  --optimizer.init_args.lr 1e-3   --seed=2   --strategies '[CarriedState, {ClipNorm: {max_norm: 1}}]'
"""


class Parser(argparse.ArgumentParser):
    """Argparse that raises instead of printing its usage, and takes no abbreviations."""

    def __init__(self, **kwargs: Any) -> None:
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(allow_abbrev=False, formatter_class=formatter, **kwargs)

    def error(self, message: str) -> NoReturn:
        raise InputError(f"command line: {message}. `{self.prog} --help` lists what it takes.")


def build() -> tuple[Parser, dict[str, Parser]]:
    """The parser, and those of its commands by name."""
    top = Parser(prog="unrolled", description="Train recurrent networks under strategies that can be compared.")
    top.add_argument("--version", action="version", version=f"unrolled {unrolled.__version__}")
    entry = top.add_subparsers(dest="command", metavar="COMMAND")
    commands: dict[str, Parser] = {}

    def command(name: str, does: str, **kwargs: Any) -> Parser:
        commands[name] = entry.add_parser(name, help=does, description=does, **kwargs)
        commands[name].add_argument("--debug", action="store_true", help="show the traceback of an error")
        return commands[name]

    fit = command("fit", "train a recipe in a folder of its own", add_help=False, epilog=CHANGES)
    fit.add_argument("-h", "--help", action="store_true", help="show this, and every argument of the recipe, and exit")
    shipped = RECIPE.format(", ".join(recipe.shipped()))
    fit.add_argument("-c", "--config", metavar="RECIPE", default="quickstart", help=shipped)
    fit.add_argument("--run", metavar="NAME", help="the run's name; default: the recipe's")
    fit.add_argument(
        "--runs", metavar="DIR", type=Path, default=Path("runs"), help="where runs are kept; default: runs"
    )
    fit.add_argument("--resume", action="store_true", help="go on with the newest run of this name, by its own recipe")
    fit.add_argument("--print_config", action="store_true", help="print the recipe with all defaults, and exit")

    for name, does in [
        ("validate", "measure a run's best checkpoint on the validation split"),
        ("test", "measure a run's best checkpoint on the test split, beside baselines"),
        ("generate", "let a trained run write"),
        ("translate", "let a trained run translate: a sentence, a file or standard input, a sentence a line"),
        ("predict", "ask a trained run for the classes of new texts"),
        ("forecast", "let a trained run forecast the next steps of each series: a table and a plot"),
    ]:
        on_run = command(name, does)
        on_run.add_argument("folder", metavar="RUN_FOLDER", type=Path, help="the folder of a run, as runs/quickstart")
        on_run.add_argument("--ckpt_path", metavar="FILE", type=Path, help="another checkpoint than the best one")
    generate = commands["generate"]
    generate.add_argument("--prefix", metavar="TEXT", required=True, help="the text to continue")
    generate.add_argument("--length", metavar="N", type=int, default=300, help="tokens to draw; default: 300")
    temperature = "divides the logits: 0 takes the likeliest token; default: 0.7"
    generate.add_argument("--temperature", metavar="T", type=float, default=0.7, help=temperature)
    generate.add_argument("--seed", metavar="N", type=int, default=0, help="of the draws; default: 0")

    translate = commands["translate"]
    translate.add_argument("--text", metavar="TEXT", action="append", help="the sentence to translate; may be repeated")
    translate.add_argument("--file", metavar="FILE", type=Path, help="a UTF-8 file; default: standard input")
    translate.add_argument("--beam", metavar="N", type=int, default=5, help="width; 1 is greedy; default: 5")
    penalty = "exponent of the length penalty, 0 or more: the higher, the longer; default: 1"
    translate.add_argument("--length_penalty", metavar="A", type=float, default=1.0, help=penalty)
    predict = commands["predict"]
    given = predict.add_mutually_exclusive_group(required=True)
    given.add_argument("--text", metavar="TEXT", action="append", help="one text; may be repeated")
    many = "UTF-8: a text a line, or a .csv or .tsv table with the run's text column; blanks give a row without a class"
    given.add_argument("--file", metavar="FILE", type=Path, help=many)

    forecast = commands["forecast"]
    other = "a table of the same columns, whose series go on; default: the run's own data"
    forecast.add_argument("--file", metavar="FILE", type=Path, help=other)
    where = "where the CSV goes, the plot beside it as .svg; default: forecast.csv in the run's folder"
    forecast.add_argument("--out", metavar="FILE", type=Path, help=where)

    sweep = command("sweep", "run the trials of a study; the same command again goes on", epilog=CHANGES)
    sweep.add_argument("file", metavar="FILE", type=Path, help="the sweep file, as sweeps/quickstart.yaml")
    sweep.add_argument("--workers", metavar="N", type=int, help="trials side by side; default: the file's")
    sweep.add_argument("--trials", metavar="N", type=int, help="trials in all; default: the file's")

    report = command("report", "write one page about runs and studies: reports/NAME/index.html")
    report.add_argument(
        "folders", metavar="FOLDER", type=Path, nargs="*", help="of a run or study; default: all of runs/"
    )
    report.add_argument("--name", metavar="NAME", help="the report's name")

    completion = command("completion", "print a script for the shell that completes this command")
    completion.add_argument("shell", choices=["bash", "zsh"])
    return top, commands


def read(words: Sequence[str]) -> argparse.Namespace:
    """What a command line asks for; `changes` are its dotted arguments by path.

    Raises:
        InputError: names the word, and the nearest right one.
    """
    top, commands = build()
    name = words[0] if words else "--help"
    if not name.startswith("-") and name not in commands:
        raise InputError(f"command line: command: {expected(name, commands)}")
    takes_changes = name in ("fit", "sweep")
    own, dotted = _split(words, commands[name], takes_changes) if name in commands else (list(words) or [name], [])
    found = top.parse_args(own)
    if found.command is None:
        raise InputError(f"command line: expected a command first ({', '.join(commands)}), got {' '.join(words)}")
    found.changes = recipe.changes(dotted)
    found.usage = commands[name].format_help()
    return found


def _split(words: Sequence[str], command: Parser, takes_changes: bool) -> tuple[list[str], list[str]]:
    """The words that the command itself takes, and the dotted ones."""
    options = {option: action.nargs != 0 for action in command._actions for option in action.option_strings}
    own, rest = [words[0]], list(words[1:])
    dotted: list[str] = []
    while rest:
        word = rest.pop(0)
        option, equals, _ = word.partition("=")
        if option.startswith("--") and option not in options:
            known = [*options, *(f"--{section}" for section in SECTIONS if takes_changes)]
            if option not in known and ("." not in option or not takes_changes):
                raise InputError(f"command line: option {expected(option, [k for k in known if k.startswith('--')])}")
            goes = dotted
        else:
            goes = own
        goes.append(word)
        if rest and not equals and (goes is dotted or options.get(option)) and not rest[0].startswith("--"):
            goes.append(rest.pop(0))
    return own, dotted
