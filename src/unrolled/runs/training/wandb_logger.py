"""Weights & Biases: online where there is an account, else offline in the run's folder; never a prompt."""

import netrc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from pytorch_lightning.loggers import WandbLogger


def has_account() -> bool:
    """Whether a key is at hand: WANDB_API_KEY, or a line for the W&B host in ~/.netrc."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc().authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def make_logger(folder: Path, recipe: dict[str, Any], run_id: str, group: str | None) -> WandbLogger:
    """One W&B run, the same again when the run is resumed; the recipe is its config.

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
    logger._wandb_init.pop("anonymous", None)  # W&B warns wherever it is given, and Lightning gives it always
    return logger


@contextmanager
def finished() -> Iterator[None]:
    """Close the W&B run behind whatever happens within, so that the next run of this process gets one of its own."""
    import wandb

    code = 1
    try:
        yield
        code = 0
    finally:
        if wandb.run is not None:
            wandb.finish(exit_code=code)
