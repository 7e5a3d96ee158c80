"""Checked downloads: a file is there whole and right, or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import IO, NamedTuple
from urllib.request import urlopen

from rich.console import Console
from rich.progress import track

from unrolled.errors import InputError

TIMEOUT = 20.0  # seconds without a byte before giving up
CHUNK = 1 << 16  # bytes


def data_folder() -> Path:
    """Where downloads land: $UNROLLED_DATA, or data/ in the working directory."""
    return Path(os.environ.get("UNROLLED_DATA") or "data")


def download(url: str, target: Path, *, sha256: str, size: int) -> Path:
    """Fetch `url` into `target`, through a temporary file beside it that replaces it only when the digest is right.

    Args:
        url: where the data set's makers publish it.
        target: the file to write; its folders are made.
        sha256: hexadecimal digest that the file must have.
        size: bytes that the file must have; no more are read.
    """
    part: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as file:
            part = Path(file.name)
            with urlopen(url, timeout=TIMEOUT) as response:
                chunks = track(
                    _chunks(response, size), f"download {target.name}", -(-size // CHUNK), console=Console(stderr=True)
                )
                found = _store(chunks, file)
            file.flush()
            os.fsync(file.fileno())
        if found != sha256:
            raise InputError(
                f"{url}: expected SHA-256 {sha256[:12]}..., got {found[:12]}...; nothing was kept: try again, or put "
                f"the file by hand at {target}"
            )
        part.chmod(0o644)
        return part.replace(target)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise InputError(
            f"{target}: expected to download it from {url}, got: {reason}; check the network and the folder, or put "
            "the file there by hand"
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _chunks(response: IO[bytes], size: int) -> Iterator[bytes]:
    """The response in pieces, one byte past `size` at most: enough for a longer file to fail its digest."""
    left = size + 1
    while left and (chunk := response.read(min(CHUNK, left))):
        left -= len(chunk)
        yield chunk


def _store(chunks: Iterable[bytes], file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        file.write(chunk)
    return digest.hexdigest()


class RemoteFile(NamedTuple):
    """One published file."""

    url: str
    path: str  # inside the data folder, or inside any folder that is searched
    sha256: str
    size: int  # bytes


def find_or_download(pinned: RemoteFile, folders: Sequence[Path] = ()) -> Path:
    """Where the file lies: in one of `folders`, in the data folder, or downloaded there.

    Raises:
        InputError: another file of its name lies there, or it cannot be downloaded.
    """
    for folder in (*folders, data_folder()):
        if (path := folder / pinned.path).is_file():
            return _verified(path, pinned)
    return download(pinned.url, data_folder() / pinned.path, sha256=pinned.sha256, size=pinned.size)


def nltk_corpus(name: str, sha256: str, size: int) -> Path:
    """The zip of one of NLTK's corpora: where NLTK keeps its data, in the data folder, or downloaded there."""
    url = f"https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/{name}.zip"
    pinned = RemoteFile(url, f"corpora/{name}.zip", sha256, size)
    places = [Path(place) for place in os.environ.get("NLTK_DATA", "").split(os.pathsep) if place]
    mine = data_folder() / "nltk_data"
    for place in (*places, Path(os.path.expanduser("~/nltk_data")), mine):
        if (path := place / pinned.path).is_file():
            return _verified(path, pinned)
    return download(url, mine / pinned.path, sha256=sha256, size=size)


def _verified(path: Path, pinned: RemoteFile) -> Path:
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
