"""Shared by the experiments: quiet runs on one thread, two processes, confidence intervals, figures."""

import io
import logging
import math
import os
import re
import statistics
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib
import torch
from scipy import stats

matplotlib.use("Agg")
from matplotlib import pyplot

FIGURES = Path(__file__).parents[1] / "docs" / "figures"
QUIET = {
    "accelerator": "cpu", "logger": False, "enable_checkpointing": False, "num_sanity_val_steps": 0,
    "enable_progress_bar": False, "enable_model_summary": False, "log_every_n_steps": 10**9,
}  # fmt: skip
Job, Result = TypeVar("Job"), TypeVar("Result")


def hush() -> None:
    """One thread, and none of Lightning's advice."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


def spread(work: Callable[[Job], Result], jobs: Sequence[Job]) -> list[Result]:
    """The results of all jobs, in their order, by two processes."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=hush) as pool:
        return list(pool.map(work, jobs))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The mean of independent runs, and half the width of its 95 % interval (Student's t), nan where there is none."""
    mean = statistics.fmean(values)
    if len(values) < 2 or not math.isfinite(mean):
        return mean, math.nan
    t = float(stats.t.ppf(0.975, len(values) - 1))
    return mean, t * statistics.stdev(values) / math.sqrt(len(values))


def axes(columns: int = 1, size: tuple[float, float] = (9, 4)) -> tuple[Any, Any]:
    """A figure and its axes: one, or a row of them."""
    pyplot.rcParams.update({"font.size": 9, "svg.hashsalt": "unrolled", "svg.fonttype": "none"})
    figure, made = pyplot.subplots(1, columns, figsize=size)
    return figure, made


def save(figure: Any, name: str) -> None:
    """Write docs/figures/NAME.svg, the same bytes for the same numbers, curves to a tenth of a point."""
    figure.tight_layout()
    FIGURES.mkdir(exist_ok=True)
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", dpi=200, metadata={"Date": None})
    short = re.sub(r"[ML] [-\d.]+ [-\d.]+", lambda place: re.sub(r"(\.\d)\d+", r"\1", place[0]), drawn.getvalue())
    (FIGURES / f"{name}.svg").write_text(short, encoding="utf-8")
