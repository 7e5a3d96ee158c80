"""A table of a published data set: lying in the data folder plain or packed with gzip, or downloaded once."""

import gzip
import hashlib
import io
import zlib
from typing import Any

from unrolled.data.files.corpus_file import Pinned, find
from unrolled.data.files.download import data_folder
from unrolled.errors import InputError


def fetch_table(pinned: Pinned) -> None:
    """Download the file if it lies nowhere yet."""
    packed = data_folder() / f"{pinned.path}.gz"
    if not packed.is_file():
        find(pinned)


def read_pinned(pinned: Pinned, **form: Any) -> Any:
    """The pandas frame of a pinned CSV; `form` as `pandas.read_csv` takes it.

    Raises:
        InputError: another file of its name lies there, or it cannot be downloaded.
    """
    import pandas as pd  # type: ignore[import-untyped]

    packed = data_folder() / f"{pinned.path}.gz"
    if (data_folder() / pinned.path).is_file() or not packed.is_file():
        return pd.read_csv(find(pinned), **form)
    try:
        text = gzip.decompress(packed.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{packed}: expected a file packed with gzip, got: {error}; delete it") from error
    if (found := hashlib.sha256(text).hexdigest()) != pinned.sha256:
        told = f"expected SHA-256 {pinned.sha256[:12]}... inside, got {found[:12]}..."
        raise InputError(f"{packed}: {told}; delete the file and run again to download it from {pinned.url}")
    return pd.read_csv(io.BytesIO(text), **form)
