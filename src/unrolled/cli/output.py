"""Terminal output: silence messages of other libraries, print our warnings in one line."""

import logging
import sys
import warnings
from typing import TextIO

from unrolled.errors import InputWarning

NOISE = (  # warnings of libraries that do not apply here
    ".*does not have many workers.*",
    ".*is smaller than the logging interval.*",
    ".*available but not used.*",
    "Checkpoint directory .* exists and is not empty.*",
    ".*LeafSpec.*is deprecated.*",
    ".*`training_step` returned `None`.*",  # a batch without targets: sequences cut before their label
    ".*overridden `on_after_batch_transfer`.*",  # DirectForecasting splits every batch into patches
)
CHATTER = ("GPU available", "TPU available", "HPU available", "💡", "`Trainer.fit` stopped")


def silence_noise() -> None:
    """Filter library warnings and log messages from now on."""
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
    """Print an `InputWarning` in one line, and any other warning in Python's format."""
    text = f"unrolled: warning: {message}\n"
    if not issubclass(category, InputWarning):
        text = warnings.formatwarning(message, category, filename, lineno, line)
    print(text, end="", file=file or sys.stderr)


def _is_news(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(CHATTER)
