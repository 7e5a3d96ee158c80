"""Implementation of each command.  Heavy imports follow all checks that do not need them."""

import math
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unrolled.cli.output import silence_noise
from unrolled.config import recipe
from unrolled.errors import InputError
from unrolled.runs import run_folders


def run(words: Namespace) -> None:
    """Run the command of a parsed command line."""
    silence_noise()
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
    run_folders.check_name(name, "--run" if words.run else "--config")
    folder = run_folders.shared()
    first = folder is None
    if words.resume and folder is None:
        folder = run_folders.newest(words.runs, name)
    source = str(folder / "recipe.yaml") if words.resume and folder else words.config
    requested = recipe.override(recipe.load(source), words.changes)
    source += " and the command line" if words.changes else ""
    if words.help:
        from unrolled.cli.recipe_help import explain

        print(words.usage, explain(requested), sep="\n")
        return
    recipe.check(requested, source)
    if not words.print_config:
        run_folders.require_writable(folder or words.runs)
    from unrolled.runs import build

    effective = build.parse(requested, source=source)
    if words.print_config:
        print(recipe.dump(effective), end="")
        return
    from unrolled.runs.launch import launch

    folder, metrics = launch(effective, folder, words.runs, name, resume=words.resume, progress=sys.stdout.isatty())
    if first:
        untested = effective["data"]["init_args"].get("test_fraction") == 0
        measured = _format_metrics(metrics) or "already trained to the end of its recipe; raise trainer.max_epochs"
        print(f"{folder}: {measured}\nnext: unrolled {'validate' if untested else 'test'} {folder}")


def evaluate(words: Namespace) -> None:
    run_folders.require_run(words.folder)
    from unrolled.runs.evaluate import evaluate as evaluate_run
    from unrolled.runs.launch import trainer_arguments

    split = "test" if words.command == "test" else "valid"
    with trainer_arguments():
        results = evaluate_run(words.folder, split, words.ckpt_path, progress=sys.stdout.isatty())
    print(f"{words.folder}: {_format_metrics(results['metrics'])}")
    if baselines := results.get("baselines"):
        print(f"baselines, {results['baseline_metric'].replace('_', ' ')}: {_format_metrics(baselines)}")
    if languages := results.get("by_language"):
        scores = ", ".join(f"{name} {row['accuracy']:.4g} ({row['count']})" for name, row in languages.items())
        print(f"accuracy by language (sequences): {scores}")


def generate(words: Namespace) -> None:
    run_folders.require_run(words.folder)
    from unrolled.runs.inference.generate import generate as generate_text

    text = generate_text(words.folder, words.prefix, words.length, words.temperature, words.seed, words.ckpt_path)
    print(words.prefix + text)


def translate(words: Namespace) -> None:
    run_folders.require_run(words.folder)
    if words.text is not None and words.file is not None:
        raise InputError("command line: expected --text or --file, got both. Without either, standard input is used.")
    from unrolled.runs.inference.translate import read_sentences
    from unrolled.runs.inference.translate import translate as translate_sentences

    sentences = words.text if words.text is not None else read_sentences(words.file)
    translations = translate_sentences(words.folder, sentences, words.beam, words.length_penalty, words.ckpt_path)
    print(*translations, sep="\n")


def predict(words: Namespace) -> None:
    """Print a tab-separated table: the class, the probability of each class, and the text."""
    run_folders.require_run(words.folder)
    from unrolled.data.files.text import is_blank

    if empty := [text for text in words.text or () if is_blank(text)]:
        raise InputError(f"--text: expected a text that is not blank, got {empty[0]!r}")
    from unrolled.runs.inference.predict import predict as predict_texts
    from unrolled.runs.inference.predict import read_texts

    texts = words.text if words.text is not None else read_texts(words.folder, words.file)
    predictions = predict_texts(words.folder, texts, words.ckpt_path)
    print("class", *map(_in_line, predictions[0].probabilities), "text", sep="\t")
    for one in predictions:
        shown = ("" if math.isnan(p) else f"{p:.4f}" for p in one.probabilities.values())
        print(_in_line(one.label), *shown, _in_line(one.text), sep="\t")


def forecast(words: Namespace) -> None:
    """Write a CSV file of the next steps of each series, and a plot next to it."""
    run_folders.require_run(words.folder)
    table = words.out or words.folder / "forecast.csv"
    if table.suffix != ".csv" or table.is_dir() or not table.parent.is_dir():
        raise InputError(f"--out {table}: expected the name of a .csv file in a folder that exists")
    from unrolled.api.forecast_files import write
    from unrolled.runs.inference.forecast import forecast as forecast_series

    forecasts = forecast_series(words.folder, words.file, words.ckpt_path)
    plot = write(table, forecasts)
    print(f"{table}: the next {len(forecasts[0].times)} steps of {len(forecasts)} series; plot: {plot}")


def sweep(words: Namespace) -> None:
    if not words.file.is_file():
        raise InputError(f"{words.file}: expected a sweep file, found none. See the examples in sweeps/.")
    from unrolled.tuning import launch

    launch(words.file, workers=words.workers, trials=words.trials, overrides=words.changes)


def report(words: Namespace) -> None:
    from unrolled import reports

    print(reports.write(words.folders, words.name))


def completion(words: Namespace) -> None:
    from unrolled.cli.completion import script

    print(script(words.shell))


def _in_line(text: str) -> str:
    """A text on one line, as a field of a printed table."""
    return " ".join(text.split())


def _format_metrics(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())
