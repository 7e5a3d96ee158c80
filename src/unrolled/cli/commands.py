"""What each command does with its words.  Heavy imports stand inside, behind all that can be refused without them."""

import contextlib
import math
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from unrolled.cli import run_folders as folders
from unrolled.cli.output import hush
from unrolled.config import recipe
from unrolled.errors import InputError

# Under ddp Lightning runs the command again for each further rank: they all write where the first one does.
FOLDER = "UNROLLED_FOLDER"


def run(words: Namespace) -> None:
    """Do what a command line asks for."""
    hush()
    {
        "fit": fit,
        "validate": evaluate,
        "test": evaluate,
        "generate": generate,
        "translate": translate,
        "predict": predict,
        "forecast": forecast,
        "sweep": sweep,
        "report": report,
        "completion": completion,
    }[words.command](words)


def fit(words: Namespace) -> None:
    name = words.run or Path(words.config).stem
    folders.check_name(name, "--run" if words.run else "--config")
    folder = Path(os.environ[FOLDER]) if FOLDER in os.environ else None
    if words.resume and folder is None:
        folder = folders.newest(words.runs, name)
    source = str(folder / "recipe.yaml") if words.resume and folder else words.config
    asked = recipe.override(recipe.load(source), words.changes)
    source += " and the command line" if words.changes else ""
    if words.help:
        from unrolled.cli.recipe_help import explain

        print(words.usage, explain(asked), sep="\n")
        return
    recipe.check(asked, source)
    if not words.print_config:
        folders.require_writable(folder or words.runs)
    from unrolled.runs import build

    effective = build.parse(asked, source=source)
    if words.print_config:
        print(recipe.dump(effective), end="")
        return
    from unrolled.runs.fit import fit as train

    claimed = folder is None
    folder = folder or folders.claim(words.runs, name)
    first = FOLDER not in os.environ
    os.environ[FOLDER] = str(folder)
    try:
        with _trainer_arguments():
            metrics = train(effective, folder, resume=words.resume, progress=first and sys.stdout.isatty())
    except InputError:
        if claimed and not any(folder.glob("checkpoints/*.ckpt")):
            shutil.rmtree(folder, ignore_errors=True)  # nothing was trained: its name is free again
        raise
    finally:
        if first:
            del os.environ[FOLDER]
    if first:
        untested = effective["data"]["init_args"].get("test_fraction") == 0
        print(f"{folder}: {_numbers(metrics)}\nnext: unrolled {'validate' if untested else 'test'} {folder}")


def evaluate(words: Namespace) -> None:
    folders.require_run(words.folder)
    from unrolled.runs.evaluate import evaluate as measure

    split = "test" if words.command == "test" else "valid"
    with _trainer_arguments():
        results = measure(words.folder, split, words.ckpt_path, progress=sys.stdout.isatty())
    print(f"{words.folder}: {_numbers(results['metrics'])}")
    if baselines := results.get("baselines"):
        print(f"baselines, {results['baseline_metric'].replace('_', ' ')}: {_numbers(baselines)}")
    if languages := results.get("by_language"):
        told = ", ".join(f"{name} {of['accuracy']:.4g} ({of['count']})" for name, of in languages.items())
        print(f"accuracy by language (sequences): {told}")


def generate(words: Namespace) -> None:
    folders.require_run(words.folder)
    from unrolled.runs.inference.generate import generate as write

    text = write(words.folder, words.prefix, words.length, words.temperature, words.seed, words.ckpt_path)
    print(words.prefix + text)


def translate(words: Namespace) -> None:
    folders.require_run(words.folder)
    if words.text is not None and words.file is not None:
        raise InputError("command line: expected --text or --file, got both. Without either, standard input is read.")
    from unrolled.runs.inference.translate import read_sentences
    from unrolled.runs.inference.translate import translate as say

    sentences = words.text if words.text is not None else read_sentences(words.file)
    print(*say(words.folder, sentences, words.beam, words.length_penalty, words.ckpt_path), sep="\n")


def predict(words: Namespace) -> None:
    """Print a table, its columns parted by tabs: the class, the probability of each class, and the text."""
    folders.require_run(words.folder)
    from unrolled.data.files.text import is_blank

    if empty := [text for text in words.text or () if is_blank(text)]:
        raise InputError(f"--text: expected a text with a word, got {empty[0]!r}")
    from unrolled.runs.inference.predict import predict as ask
    from unrolled.runs.inference.predict import read_texts

    texts = words.text if words.text is not None else read_texts(words.folder, words.file)
    told = ask(words.folder, texts, words.ckpt_path)
    print("class", *map(_in_line, told[0].probabilities), "text", sep="\t")
    for one in told:
        shown = ("" if math.isnan(p) else f"{p:.4f}" for p in one.probabilities.values())
        print(_in_line(one.told), *shown, _in_line(one.text), sep="\t")


def forecast(words: Namespace) -> None:
    """Write a CSV file of the next steps of each series and, beside it, a plot."""
    folders.require_run(words.folder)
    table = words.out or words.folder / "forecast.csv"
    if table.suffix != ".csv" or table.is_dir() or not table.parent.is_dir():
        raise InputError(f"--out {table}: expected the name of a .csv file in a folder that exists")
    from unrolled.reports.figures.forecast_svg import Panel, svg
    from unrolled.runs.inference.forecast import forecast as look_ahead
    from unrolled.runs.inference.forecast import write_table

    told = look_ahead(words.folder, words.file, words.ckpt_path)
    write_table(table, told)
    ends = [(one.quantiles.get(0.1, ()), one.quantiles.get(0.9, ())) for one in told]
    pairs = zip(told, ends, strict=True)
    panels = [Panel(one.series, one.history, one.times, one.mean, low, high) for one, (low, high) in pairs]
    plot = table.with_suffix(".svg")
    plot.write_text(svg(panels), encoding="utf-8")
    print(f"{table}: the next {len(told[0].times)} steps of {len(told)} series; plot: {plot}")


def sweep(words: Namespace) -> None:
    if not words.file.is_file():
        raise InputError(f"{words.file}: expected a sweep file, found none. sweeps/ holds examples.")
    from unrolled.tuning import launch

    launch(words.file, workers=words.workers, trials=words.trials, overrides=words.changes)


def report(words: Namespace) -> None:
    from unrolled import reports

    print(reports.write(words.folders, words.name))


def completion(words: Namespace) -> None:
    from unrolled.cli.completion import script

    print(script(words.shell))


def _in_line(text: str) -> str:
    """A text as a field of a table that is printed, however many lines it has."""
    return " ".join(text.split())


@contextlib.contextmanager
def _trainer_arguments() -> Iterator[None]:
    """What Lightning says of arguments that do not fit each other, or this machine, is bad input."""
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    try:
        yield
    except MisconfigurationException as error:
        raise InputError(f"trainer: {error}") from error


def _numbers(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())
