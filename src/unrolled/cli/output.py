"""What the command says beside its answer: no chatter of others, and a warning of ours in one line."""

import logging
import sys
import warnings
from typing import TextIO

from unrolled.errors import InputWarning

NOISE = (  # advice of Lightning's that does not fit a stream of text in memory
    ".*does not have many workers.*",
    ".*is smaller than the logging interval.*",
    ".*available but not used.*",
    "Checkpoint directory .* exists and is not empty.*",
    ".*LeafSpec.*is deprecated.*",
    ".*`training_step` returned `None`.*",  # a batch without a target: a piece of rows whose class stands at their end
    ".*overridden `on_after_batch_transfer`.*",  # DirectForecasting folds what any data hands over
)
CHATTER = ("GPU available", "TPU available", "HPU available", "💡", "`Trainer.fit` stopped")


def hush() -> None:
    """From now on."""
    for message in NOISE:
        warnings.filterwarnings("ignore", message=message)
    warnings.showwarning = _show
    for name in ("pytorch_lightning.utilities.rank_zero", "lightning_fabric.utilities.rank_zero"):
        logging.getLogger(name).addFilter(_is_news)


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning of ours as its one line, any other as Python writes it."""
    told = f"unrolled: warning: {message}\n"
    if not issubclass(category, InputWarning):
        told = warnings.formatwarning(message, category, filename, lineno, line)
    print(told, end="", file=file or sys.stderr)


def _is_news(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(CHATTER)
