"""A trained run: evaluate, predict, generate, translate, forecast, plot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unrolled import reports
from unrolled.api import forecast_files
from unrolled.errors import InputError
from unrolled.reports.loading.run import read_run
from unrolled.reports.records import Curve
from unrolled.runs import restore, run_folders
from unrolled.runs.evaluate import evaluate
from unrolled.runs.inference.forecast import Forecast, forecast
from unrolled.runs.inference.generate import generate
from unrolled.runs.inference.predict import Prediction, predict, read_texts
from unrolled.runs.inference.translate import translate
from unrolled.runs.launch import trainer_arguments
from unrolled.suggestions import quoted
from unrolled.tasks.base import SequenceTask


class Run:
    """The folder of a trained run, as `unrolled.fit` returns it.  Every method reads the run's best checkpoint.

    Args:
        path: the run folder, such as runs/quickstart.

    Raises:
        InputError: `path` is not a run folder; or, from a method, the run's task does not support it.
    """

    def __init__(self, path: str | Path) -> None:
        if not isinstance(path, str | Path):
            raise InputError(f"Run: expected the path of a run folder, got {quoted(path)}")
        self.path = Path(path)
        run_folders.require_run(self.path)

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """The run in an existing folder."""
        return cls(path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe that was trained, with all defaults."""
        return restore.read_recipe(self.path)

    @property
    def curves(self) -> dict[str, Curve]:
        """Every logged metric by name: its optimizer steps and its values."""
        return dict(read_run(self.path).curves)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of every logged metric by name."""
        return {name: curve.values[-1] for name, curve in self.curves.items()}

    def load(self, checkpoint: Path | None = None) -> SequenceTask:
        """The task with its trained weights, in evaluation mode."""
        return restore.restore(self.path, checkpoint)[0]

    def test(self, *, progress: bool = False) -> dict[str, Any]:
        """Results on the test split, with baselines; written to results.json."""
        return self._evaluate("test", progress)

    def validate(self, *, progress: bool = False) -> dict[str, Any]:
        """Results on the validation split, with baselines."""
        return self._evaluate("valid", progress)

    def predict(self, texts: str | Sequence[str] | Path) -> list[Prediction]:
        """The class of each text, with the probability of each class.

        Args:
            texts: a text, several texts, or the `pathlib.Path` of a file: a table with the run's text column, or a text
                file with one text per line.

        Raises:
            InputError: a string that is the name of a file.
        """
        if isinstance(texts, str) and Path(texts).suffix and Path(texts).is_file():
            raise InputError(f"texts: expected a text, got the name of a file; give pathlib.Path({texts!r})")
        return predict(self.path, read_texts(self.path, texts) if isinstance(texts, Path) else _several(texts))

    def generate(self, prefix: str, length: int = 300, *, temperature: float = 0.7, seed: int = 0) -> str:
        """`prefix` followed by `length` generated tokens; a temperature of 0 takes the most likely token."""
        return prefix + generate(self.path, prefix, length, temperature, seed)

    def translate(self, sentences: str | Sequence[str], *, beam: int = 5, length_penalty: float = 1.0) -> list[str]:
        """A translation of each sentence by beam search; a beam of 1 is greedy."""
        return translate(self.path, _several(sentences), beam, length_penalty)

    def forecast(self, table: str | Path | None = None, *, out: str | Path | None = None) -> list[Forecast]:
        """The next steps of each series.

        Args:
            table: another table with the same columns; None: the run's data.
            out: a .csv file to write; its plot is written next to it as .svg.
        """
        forecasts = forecast(self.path, None if table is None else Path(table))
        if out is not None:
            forecast_files.write(Path(out), forecasts)
        return forecasts

    def plot(self, output: str | Path = "reports") -> Path:
        """Write a report of the run, with its learning curves, and return the path of the page."""
        return reports.write([self.path], output=Path(output))

    def _evaluate(self, split: str, progress: bool) -> dict[str, Any]:
        with trainer_arguments():
            return evaluate(self.path, split, progress=progress)


def _several(texts: str | Sequence[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else [*texts]
