"""Which checkpoint of a run is its best: that of the lowest figure that its task is chosen by."""

import csv
import random
from pathlib import Path
from typing import Any

from unrolled.config import recipe
from unrolled.runs import checkpoints
from unrolled.runs.fit import fit


def written(table: Path) -> dict[str, Any]:
    """Texts of noise words, of which a third have the wrong label: what is learnt by heart makes the loss rise."""
    draws = random.Random(1)
    rows = []
    for number in range(240):
        good = number % 2
        words = [f"w{draws.randrange(60)}" for _ in range(5)] + (["good"] if good else ["dull"])
        rows.append(f"{' '.join(words)},{good if draws.random() > 0.33 else 1 - good}\n")
    table.write_text("text,label\n" + "".join(rows))
    return recipe.normalise(
        {
            "task": {"SequenceClassification": {"embedding_size": 16}},
            "architecture": {"class_path": "GRU", "init_args": {"hidden_size": 16}},
            "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.02}},
            "data": {"class_path": "TextTable", "init_args": {"path": str(table), "valid_fraction": 0.3}},
            "trainer": {"max_epochs": 8, "accelerator": "cpu"},
        },
        "noise",
    )


def test_a_classifier_s_is_the_one_that_tells_most_rows_rightly(tmp_path: Path) -> None:
    fit(written(tmp_path / "mine.csv"), tmp_path / "run", progress=False)
    rows = [*csv.DictReader((tmp_path / "run" / "metrics.csv").read_text().splitlines())]
    names = ("val/loss", "val/error_rate")
    loss, wrong = ([float(row["value"]) for row in rows if row["name"] == name] for name in names)
    assert len(wrong) == 8 and wrong.index(min(wrong)) != loss.index(min(loss))
    best = checkpoints.load(tmp_path / "run" / "checkpoints" / "best.ckpt")
    assert best["epoch"] == wrong.index(min(wrong))
