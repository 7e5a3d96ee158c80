"""Verified downloads: a file is written only if its SHA-256 is right."""

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

TIMEOUT = 20.0  # seconds without a byte
CHUNK = 1 << 16  # bytes
NLTK_SITE = "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora"


class RemoteFile(NamedTuple):
    """A published file."""

    url: str
    path: str  # relative to the data folder, or to another folder that is searched
    sha256: str
    size: int  # bytes


def data_folder() -> Path:
    """The folder of downloads: $UNROLLED_DATA, or data/ in the working directory."""
    return Path(os.environ.get("UNROLLED_DATA") or "data")


def find_or_download(remote: RemoteFile, folders: Sequence[Path] = ()) -> Path:
    """The local path of a file: in one of `folders`, or in the data folder, where it is downloaded if missing.

    Raises:
        InputError: the local file has another SHA-256, or the download fails.
    """
    for folder in (*folders, data_folder()):
        if (path := folder / remote.path).is_file():
            return _verified(path, remote)
    return download(remote.url, data_folder() / remote.path, sha256=remote.sha256, size=remote.size)


def nltk_folders() -> list[Path]:
    """The folders in which NLTK data are searched: $NLTK_DATA, ~/nltk_data, and nltk_data/ in the data folder."""
    folders = [Path(folder) for folder in os.environ.get("NLTK_DATA", "").split(os.pathsep) if folder]
    return [*folders, Path(os.path.expanduser("~/nltk_data")), data_folder() / "nltk_data"]


def nltk_corpus(name: str, sha256: str, size: int) -> Path:
    """The zip of an NLTK corpus: in one of `nltk_folders()`, or downloaded to the last of them."""
    remote = RemoteFile(f"{NLTK_SITE}/{name}.zip", f"corpora/{name}.zip", sha256, size)
    folders = nltk_folders()
    for folder in folders:
        if (path := folder / remote.path).is_file():
            return _verified(path, remote)
    return download(remote.url, folders[-1] / remote.path, sha256=sha256, size=size)


def download(url: str, target: Path, *, sha256: str, size: int) -> Path:
    """Download `url` to `target`, through a temporary file next to it that replaces it once the SHA-256 is verified.

    Args:
        url: where the file is published.
        target: the file to write; its folders are created.
        sha256: the expected digest, hexadecimal.
        size: the expected number of bytes; no more are read.

    Raises:
        InputError: the download fails, or the digest differs.
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
                f"{url}: expected SHA-256 {sha256[:12]}..., got {found[:12]}...; nothing was saved: try again, or "
                f"download the file by hand to {target}"
            )
        part.chmod(0o644)
        return part.replace(target)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise InputError(
            f"{target}: expected to download it from {url}, got: {reason}; check the network and the folder, or "
            "download the file by hand"
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _chunks(response: IO[bytes], size: int) -> Iterator[bytes]:
    """The response in chunks, at most one byte more than `size`: enough for a longer file to fail verification."""
    left = size + 1
    while left and (chunk := response.read(min(CHUNK, left))):
        left -= len(chunk)
        yield chunk


def _store(chunks: Iterable[bytes], file: IO[bytes]) -> str:
    """Write the chunks; their SHA-256."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        file.write(chunk)
    return digest.hexdigest()


def _verified(path: Path, remote: RemoteFile) -> Path:
    """The path, if the file has the expected SHA-256."""
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: expected a readable file, got {error.strerror}; check its permissions") from error
    if found != remote.sha256:
        raise InputError(
            f"{path}: expected SHA-256 {remote.sha256[:12]}..., got {found[:12]}...; delete the file and run again to "
            f"download it from {remote.url}"
        )
    return path
