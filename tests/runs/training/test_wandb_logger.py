"""W&B: offline unless there is an account, and nothing secret in the files."""

import time
from pathlib import Path
from typing import Any

import pytest

from unrolled.runs.fit import fit
from unrolled.runs.training import wandb_logger as tracking


def test_an_account_is_a_key_or_a_line_for_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    assert not tracking.has_account()
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine elsewhere.example login user password x\n")
    netrc.chmod(0o600)
    assert not tracking.has_account()
    netrc.write_text("machine api.wandb.ai login user password x\n")
    assert tracking.has_account()
    netrc.unlink()
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    assert tracking.has_account()


def test_a_run_is_one_offline_file_without_secrets(
    tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("SECRET_TOKEN", "do-not-tell-4711")
    fit(tiny, tmp_path / "run", group="study", progress=False)
    (offline,) = (tmp_path / "run" / "wandb").glob("offline-run-*/run-*.wandb")
    for _ in range(300):  # W&B's own process may still be writing when finish() returns
        content = offline.read_bytes()
        missing = [word for word in (b"train/loss", b"study", b"hidden_size") if word not in content]
        if not missing:
            break
        time.sleep(0.1)
    assert not missing
    written = b"".join(path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file())
    assert b"do-not-tell-4711" not in written
