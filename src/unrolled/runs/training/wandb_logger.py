"""Weights & Biases logger: online with an account, else offline in the run folder; never prompts."""

import netrc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from pytorch_lightning.loggers import WandbLogger


def has_account() -> bool:
    """Whether a key is available: WANDB_API_KEY, or an entry for the W&B host in ~/.netrc."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc().authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def make_logger(folder: Path, recipe: dict[str, Any], run_id: str, group: str | None) -> WandbLogger:
    """A logger for one W&B run; a resumed run continues the same W&B run.  The recipe is its config.

    WANDB_MODE, WANDB_PROJECT and WANDB_ENTITY are honoured.
    """
    import wandb

    mode = os.environ.get("WANDB_MODE") or ("online" if has_account() else "offline")
    settings = wandb.Settings(silent=True, console="off", x_disable_stats=True, save_code=False)
    logger = WandbLogger(
        name=folder.name,
        project=os.environ.get("WANDB_PROJECT", "unrolled"),
        save_dir=folder.resolve(),
        version=run_id,
        group=group,
        mode=mode,
        config=recipe,
        settings=settings,
    )
    logger._wandb_init.pop("anonymous", None)  # Lightning always passes it, and W&B warns about it
    return logger


@contextmanager
def finishing_run() -> Iterator[None]:
    """Finish the W&B run on exit, so that the next run in this process starts a new one."""
    import wandb

    code = 1
    try:
        yield
        code = 0
    finally:
        if wandb.run is not None:
            wandb.finish(exit_code=code)
