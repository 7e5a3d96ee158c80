"""Two gloo processes train one run: equal weights, one table, one W&B run."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
import yaml

SCRIPT = """
import os, sys
from pathlib import Path
import torch, yaml
from pytorch_lightning.callbacks import Callback
from unrolled.runs.fit import fit

class Dump(Callback):
    def on_train_end(self, trainer, task):
        torch.save(task.state_dict(), f"{folder}-rank{trainer.global_rank}.pt")

recipe, folder, resume = yaml.safe_load(Path(sys.argv[1]).read_text()), sys.argv[2], len(sys.argv) > 3
if __name__ == "__main__":
    torch.set_num_threads(1)
    fit(recipe, Path(folder), resume=resume, callbacks=[Dump()], progress=False)
"""


def _run(tmp_path: Path, recipe: dict[str, Any], name: str, *more: str) -> Path:
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "ddp.yaml").write_text(yaml.safe_dump(recipe))
    command = [sys.executable, str(tmp_path / "train.py"), str(tmp_path / "ddp.yaml"), str(tmp_path / name), *more]
    subprocess.run(command, check=True, timeout=300, env={**os.environ, "WANDB_MODE": "offline"}, cwd=tmp_path)
    return tmp_path / name


def test_two_processes_are_one_run_that_resumes_bitwise(tmp_path: Path, tiny: dict[str, Any]) -> None:
    tiny["trainer"].update(devices=2, strategy="ddp", max_epochs=2)
    tiny["data"]["init_args"].update(batch_size=2, eval_batch_size=4)
    tiny["task"]["LanguageModeling"]["dropout"] = 0.2
    whole = _run(tmp_path, tiny, "whole")
    first, second = (torch.load(f"{whole}-rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    assert len([*whole.glob("wandb/offline-run-*")]) == 1
    rows = (whole / "metrics.csv").read_text().splitlines()
    assert len(rows) == len({tuple(row.split(",")[:3:2]) for row in rows}), "a number was written twice"

    tiny["trainer"]["max_epochs"] = 1
    stopped = _run(tmp_path, tiny, "stopped")
    tiny["trainer"]["max_epochs"] = 2
    _run(tmp_path, tiny, "stopped", "resume")
    resumed = torch.load(f"{stopped}-rank1.pt", weights_only=True)
    assert all(torch.equal(first[name], resumed[name]) for name in first)
    assert (stopped / "metrics.csv").read_text() == (whole / "metrics.csv").read_text()
