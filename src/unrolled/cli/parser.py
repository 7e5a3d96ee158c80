"""Command-line parser: commands, options and dotted recipe arguments."""

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
Override any argument of the recipe by its dotted path, with a value in YAML:
  --optimizer.init_args.lr 1e-3   --seed=2   --strategies '[CarriedState, {ClipNorm: {max_norm: 1}}]'
"""


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises `InputError` instead of printing its usage, and accepts no abbreviations."""

    def __init__(self, **kwargs: Any) -> None:
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(allow_abbrev=False, formatter_class=formatter, **kwargs)

    def error(self, message: str) -> NoReturn:
        raise InputError(f"command line: {message}. See: {self.prog} --help")


def build_parsers() -> tuple[Parser, dict[str, Parser]]:
    """The top-level parser, and the parsers of its commands by name."""
    top = Parser(prog="unrolled", description="Train recurrent networks with interchangeable training strategies.")
    top.add_argument("--version", action="version", version=f"unrolled {unrolled.__version__}")
    entry = top.add_subparsers(dest="command", metavar="COMMAND")
    commands: dict[str, Parser] = {}

    def command(name: str, does: str, **kwargs: Any) -> Parser:
        commands[name] = entry.add_parser(name, help=does, description=does, **kwargs)
        commands[name].add_argument("--debug", action="store_true", help="show the traceback of an error")
        return commands[name]

    fit = command("fit", "train a recipe in a new run folder", add_help=False, epilog=CHANGES)
    fit.add_argument("-h", "--help", action="store_true", help="show this help and the recipe's arguments, and exit")
    shipped = RECIPE.format(", ".join(recipe.shipped()))
    fit.add_argument("-c", "--config", metavar="RECIPE", default="quickstart", help=shipped)
    fit.add_argument("--run", metavar="NAME", help="the run's name; default: the recipe's")
    fit.add_argument(
        "--runs", metavar="DIR", type=Path, default=Path("runs"), help="parent folder of the runs; default: runs"
    )
    fit.add_argument("--resume", action="store_true", help="resume the newest run of this name, with its saved recipe")
    fit.add_argument("--print_config", action="store_true", help="print the recipe with all defaults, and exit")

    for name, does in [
        ("validate", "evaluate a run's best checkpoint on the validation split"),
        ("test", "evaluate a run's best checkpoint on the test split and compare it with baselines"),
        ("generate", "generate text with a trained language model"),
        ("translate", "translate with a trained run: --text, a file or standard input, one sentence per line"),
        ("predict", "classify new texts with a trained run"),
        ("forecast", "forecast the next steps of each series with a trained run: a CSV file and a plot"),
    ]:
        on_run = command(name, does)
        on_run.add_argument("folder", metavar="RUN_FOLDER", type=Path, help="the run folder, e.g. runs/quickstart")
        on_run.add_argument("--ckpt_path", metavar="FILE", type=Path, help="checkpoint to use instead of the best one")
    generate = commands["generate"]
    generate.add_argument("--prefix", metavar="TEXT", required=True, help="the text to continue")
    generate.add_argument("--length", metavar="N", type=int, default=300, help="tokens to generate; default: 300")
    temperature = "divisor of the logits; 0 always takes the most likely token; default: 0.7"
    generate.add_argument("--temperature", metavar="T", type=float, default=0.7, help=temperature)
    generate.add_argument("--seed", metavar="N", type=int, default=0, help="seed of the sampling; default: 0")

    translate = commands["translate"]
    translate.add_argument("--text", metavar="TEXT", action="append", help="the sentence to translate; may be repeated")
    translate.add_argument("--file", metavar="FILE", type=Path, help="a UTF-8 file; default: standard input")
    translate.add_argument("--beam", metavar="N", type=int, default=5, help="beam width; 1 is greedy; default: 5")
    penalty = "exponent of the length penalty, 0 or more; higher values favour longer output; default: 1"
    translate.add_argument("--length_penalty", metavar="A", type=float, default=1.0, help=penalty)
    predict = commands["predict"]
    source = predict.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", metavar="TEXT", action="append", help="one text; may be repeated")
    texts = "UTF-8, one text per line, or a .csv or .tsv table with the run's text column; blank texts get no class"
    source.add_argument("--file", metavar="FILE", type=Path, help=texts)

    forecast = commands["forecast"]
    other = "a table with the same columns, to forecast its series; default: the run's data"
    forecast.add_argument("--file", metavar="FILE", type=Path, help=other)
    where = "output .csv file; the plot is written next to it as .svg; default: forecast.csv in the run folder"
    forecast.add_argument("--out", metavar="FILE", type=Path, help=where)

    sweep = command("sweep", "run the trials of a study; repeat the command to resume it", epilog=CHANGES)
    sweep.add_argument("file", metavar="FILE", type=Path, help="the sweep file, e.g. sweeps/quickstart.yaml")
    sweep.add_argument("--workers", metavar="N", type=int, help="trials run in parallel; default: from the file")
    sweep.add_argument("--trials", metavar="N", type=int, help="total number of trials; default: from the file")

    report = command("report", "write one page about runs and studies: reports/NAME/index.html")
    report.add_argument("folders", metavar="FOLDER", type=Path, nargs="*", help="a run or study; default: all of runs/")
    report.add_argument("--name", metavar="NAME", help="the report's name")

    completion = command("completion", "print a shell completion script")
    completion.add_argument("shell", choices=["bash", "zsh"])
    return top, commands


def parse_command_line(words: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; `changes` of the result are its dotted arguments by path.

    Raises:
        InputError: an unknown command, option or argument; the message suggests the closest one.
    """
    top, commands = build_parsers()
    name = words[0] if words else "--help"
    if not name.startswith("-") and name not in commands:
        raise InputError(f"command line: command: {expected(name, commands)}")
    takes_changes = name in ("fit", "sweep")
    options, dotted = _split(words, commands[name], takes_changes) if name in commands else (list(words) or [name], [])
    found = top.parse_args(options)
    if found.command is None:
        raise InputError(f"command line: expected a command first ({', '.join(commands)}), got {' '.join(words)}")
    found.changes = recipe.changes(dotted)
    found.usage = commands[name].format_help()
    return found


def _split(words: Sequence[str], command: Parser, takes_changes: bool) -> tuple[list[str], list[str]]:
    """Split words into options of the command and dotted arguments."""
    options = {option: action.nargs != 0 for action in command._actions for option in action.option_strings}
    own_words, rest = [words[0]], list(words[1:])
    dotted: list[str] = []
    while rest:
        word = rest.pop(0)
        option, equals, _ = word.partition("=")
        if option.startswith("--") and option not in options:
            known = [*options, *(f"--{section}" for section in SECTIONS if takes_changes)]
            if option not in known and ("." not in option or not takes_changes):
                raise InputError(f"command line: option: {expected(option, [k for k in known if k.startswith('--')])}")
            target = dotted
        else:
            target = own_words
        target.append(word)
        if rest and not equals and (target is dotted or options.get(option)) and not rest[0].startswith("--"):
            target.append(rest.pop(0))
    return own_words, dotted
