"""How many files of src/unrolled one training batch enters: what a reader has to open to follow it.

    python benchmarks/files_entered.py [-v]

A file counts as entered when one of its functions is called; imports do not count, nor do functions whose cached result
was found by an earlier row.  -v names the files.

CSV to batch: a text table is read, split, encoded and collated into its first training batch.  CSV to metric: the same,
then the task is built, trained on one batch and validated on one.  The other rows build a task (language model) and
train it on one batch that is there already; "batch" leaves the construction of the task out.
"""

import argparse
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytorch_lightning as pl

import unrolled
from unrolled.data import TextFile, TextTable
from unrolled.strategies import ScheduledSampling
from unrolled.tasks import LanguageModeling, SequenceClassification

SOURCE = Path(unrolled.__file__).parent
MOST = {"CSV to metric": 38, "scheduled sampling": 28, "language model": 18, "CSV to batch": 16}  # of issue 16

MODEL: dict[str, Any] = {
    "embedding_size": 4,
    "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 8}},
    "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.01}},
}
TRAINER: dict[str, Any] = {
    "max_epochs": 1,
    "limit_train_batches": 1,
    "limit_val_batches": 1,
    "accelerator": "cpu",
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
}


@contextmanager
def profiled(files: set[str]) -> Iterator[None]:
    """Add the files of src/unrolled, relative to it, whose functions are called."""
    prefix = f"{SOURCE}/"

    def look(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_name != "<module>" and code.co_filename.startswith(prefix):
            files.add(code.co_filename.removeprefix(prefix))

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)


class ProfiledBatch(pl.Callback):
    """Profile the training batch: its hooks, forward and backward pass, and optimizer step."""

    def __init__(self, files: set[str]) -> None:
        self.profile = profiled(files)

    def on_train_batch_start(self, *_: Any) -> None:
        self.profile.__enter__()

    def on_train_batch_end(self, *_: Any) -> None:
        self.profile.__exit__(None, None, None)


def table(folder: Path) -> TextTable:
    path = folder / "films.csv"
    rows = [f"film {n} was {('good', 'bad')[n % 2]},{('yes', 'no')[n % 2]}" for n in range(60)]
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return TextTable(path=str(path), batch_size=4)


def csv_to_batch(folder: Path) -> dict[str, set[str]]:
    files: set[str] = set()
    with profiled(files):
        data = table(folder)
        data.prepare_data()
        data.setup("fit")
        next(iter(data.train_dataloader()))
    return {"CSV to batch": files}


def csv_to_metric(folder: Path) -> dict[str, set[str]]:
    files: set[str] = set()
    with profiled(files):
        data = table(folder)
        data.prepare_data()
        data.setup("fit")
        task = SequenceClassification(**MODEL, **data.sizes())
        pl.Trainer(**TRAINER).fit(task, datamodule=data)
    return {"CSV to metric": files}


def trained(name: str, *strategies: Any) -> Callable[[Path], dict[str, set[str]]]:
    def run(folder: Path) -> dict[str, set[str]]:
        path = folder / "fox.txt"
        path.write_text("the quick brown fox jumps over the lazy dog. " * 60, encoding="utf-8")
        data = TextFile(path=str(path), batch_size=4, sequence_length=16)
        data.prepare_data()
        data.setup("fit")
        cls = unrolled.compose(LanguageModeling, *strategies)
        construction: set[str] = set()
        with profiled(construction):
            task = cls(**MODEL, **data.sizes())
        batch: set[str] = set()
        without_validation = {**TRAINER, "limit_val_batches": 0}
        pl.Trainer(**without_validation, callbacks=[ProfiledBatch(batch)]).fit(task, datamodule=data)
        return {f"{name}, batch": batch, f"{name}, construction and batch": construction | batch}

    return run


RUNS = [
    csv_to_metric,
    csv_to_batch,
    trained("scheduled sampling", ScheduledSampling),
    trained("language model"),
]


def measure() -> dict[str, set[str]]:
    """The files entered, by the name of the path through the package."""
    found: dict[str, set[str]] = {}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for run in RUNS:
            found |= run(Path(folder))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-v", "--verbose", action="store_true", help="name the files")
    verbose = parser.parse_args().verbose
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    print("| path | files entered | at most |\n|---|---|---|")
    found = measure()
    for name, files in found.items():
        print(f"| {name} | {len(files)} | {MOST[name.partition(',')[0]]} |")
    if verbose:
        for name, files in found.items():
            print(f"\n{name}:", *sorted(files), sep="\n  ")


if __name__ == "__main__":
    main()
