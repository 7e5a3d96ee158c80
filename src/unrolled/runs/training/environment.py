"""environment.json: the packages, commit and command of a run."""

import platform
import shlex
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ["unrolled", "torch", "pytorch-lightning", "torchmetrics", "optuna", "wandb", "numpy"]


def describe_environment() -> dict[str, Any]:
    """The environment before the run starts; without environment variables, which may contain keys."""
    return {
        "run_id": uuid.uuid4().hex[:8],
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: version(name) for name in PACKAGES},
        "git": _git(),
    }


def write_atomically(path: Path, text: str) -> None:
    """Write a file atomically."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _git() -> dict[str, Any] | None:
    """The current folder's commit and whether files differ from it; None outside a repository."""
    try:
        commit, changes = (_ask_git(*words) for words in (["rev-parse", "HEAD"], ["status", "--porcelain"]))
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": bool(changes)}


def _ask_git(*words: str) -> str:
    return subprocess.run(["git", *words], capture_output=True, text=True, timeout=10, check=True).stdout.strip()
