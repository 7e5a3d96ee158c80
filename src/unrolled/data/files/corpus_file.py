"""A file of a published data set: here already, or downloaded once; in each case the very one that was pinned."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from unrolled.data.files.download import data_folder, download
from unrolled.errors import InputError


class Pinned(NamedTuple):
    """One published file."""

    url: str
    path: str  # inside the data folder, or inside any folder that is searched
    sha256: str
    size: int  # bytes


def find(pinned: Pinned, folders: Sequence[Path] = ()) -> Path:
    """Where the file lies: in one of `folders`, in the data folder, or downloaded there.

    Raises:
        InputError: another file of its name lies there, or it cannot be downloaded.
    """
    for folder in (*folders, data_folder()):
        if (path := folder / pinned.path).is_file():
            return _checked(path, pinned)
    return download(pinned.url, data_folder() / pinned.path, sha256=pinned.sha256, size=pinned.size)


def nltk_corpus(name: str, sha256: str, size: int) -> Path:
    """The zip of one of NLTK's corpora: where NLTK keeps its data, in the data folder, or downloaded there."""
    url = f"https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/{name}.zip"
    pinned = Pinned(url, f"corpora/{name}.zip", sha256, size)
    places = [Path(place) for place in os.environ.get("NLTK_DATA", "").split(os.pathsep) if place]
    mine = data_folder() / "nltk_data"
    for place in (*places, Path(os.path.expanduser("~/nltk_data")), mine):
        if (path := place / pinned.path).is_file():
            return _checked(path, pinned)
    return download(url, mine / pinned.path, sha256=sha256, size=size)


def _checked(path: Path, pinned: Pinned) -> Path:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: expected a readable file, got {error.strerror}; check its permissions") from error
    if found != pinned.sha256:
        raise InputError(
            f"{path}: expected SHA-256 {pinned.sha256[:12]}..., got {found[:12]}...; delete the file and run again to "
            f"download it from {pinned.url}"
        )
    return path
