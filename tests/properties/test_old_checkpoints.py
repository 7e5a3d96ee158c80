"""Checkpoints and recipes written before the redesign of the tree (commit 4f32da7) resume with today's code.

`tests/fixtures/old_runs/NAME` holds a run's `recipe.yaml`, its checkpoint in the middle of the first epoch, and
`expected.json`: the metrics with which commit 4f32da7 ended when it resumed from that checkpoint to the end of epoch 2.
"""

import csv
import json
import shutil
from pathlib import Path

import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from unrolled.cli import main

FIXTURES = Path(__file__).parents[1] / "fixtures" / "old_runs"

# Not bitwise: processors differ in the order of their sums, and a run of up to 72 steps carries such differences on.
# On one machine (AMD EPYC, torch 2.13) the final `state_dict` was once compared with `torch.equal`: no bit differed.
RTOL = 1e-4


@pytest.mark.parametrize("name", ["text", "table", "pairs", "series"])
def test_an_old_checkpoint_resumes(name: str, workdir: Path) -> None:
    shutil.copytree(FIXTURES, workdir, dirs_exist_ok=True)
    expected = json.loads((workdir / name / "expected.json").read_text())
    taken = 0

    def count(*_: object) -> None:
        nonlocal taken
        taken += 1

    hook = register_optimizer_step_post_hook(count)
    try:
        status = main(
            ["fit", "-c", f"{name}/recipe.yaml", "--runs", ".", "--run", name, "--resume", "--trainer.max_epochs", "2"]
        )
    finally:
        hook.remove()
    assert status == 0
    steps = expected["optimizer_steps"]
    assert taken == steps["end"] - steps["saved"]  # resumed, not trained again from the start
    saved = torch.load(workdir / name / "checkpoints" / "last.ckpt", weights_only=True)
    assert (saved["global_step"], saved["epoch"]) == (expected["global_step"], 1)
    with (workdir / name / "metrics.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    metrics = {row["name"]: float(row["value"]) for row in rows if row["step"] == rows[-1]["step"]}
    assert metrics == pytest.approx(expected["metrics"], rel=RTOL)
