"""Zip archives of published data sets: read where they lie, never unpacked."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from stat import S_ISLNK
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from unrolled.data.files.download import RemoteFile, data_folder, find_or_download
from unrolled.errors import InputError


@contextmanager
def open_archive(path: Path, holds: str) -> Iterator[ZipFile]:
    """The archive at `path`, which `holds` what the data set is called.

    Raises:
        InputError: no zip, a damaged one, one that lacks a file that is read inside, text of another encoding, or an
            archive with a link, or that names a file outside its own folder.
    """
    try:
        with ZipFile(path) as files:
            for member in files.infolist():
                if _escapes(member):
                    told = f"expected files inside the archive's own folder, got {member.filename!r}"
                    raise InputError(f"{path}: {told}; delete it: this is not the published file")
            yield files
    except (BadZipFile, zlib.error, KeyError, UnicodeDecodeError, OSError) as error:
        told = f"expected {holds}, got: {error}"
        raise InputError(f"{path}: {told}; delete the file and run again to download it") from error


def _escapes(member: ZipInfo) -> bool:
    """Whether a member is a link, or its name is that of another drive, root or folder above, on any system."""
    name = PureWindowsPath(member.filename)  # it takes / for \ too
    return bool(name.anchor) or ".." in name.parts or S_ISLNK(member.external_attr >> 16)


def download_csv(pinned: RemoteFile) -> None:
    """Download the file if it lies nowhere yet."""
    packed = data_folder() / f"{pinned.path}.gz"
    if not packed.is_file():
        find_or_download(pinned)


def read_csv(pinned: RemoteFile, **form: Any) -> Any:
    """The pandas frame of a pinned CSV; `form` as `pandas.read_csv` takes it.

    Raises:
        InputError: another file of its name lies there, or it cannot be downloaded.
    """
    import pandas as pd  # type: ignore[import-untyped]

    packed = data_folder() / f"{pinned.path}.gz"
    if (data_folder() / pinned.path).is_file() or not packed.is_file():
        return pd.read_csv(find_or_download(pinned), **form)
    try:
        text = gzip.decompress(packed.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{packed}: expected a file packed with gzip, got: {error}; delete it") from error
    if (found := hashlib.sha256(text).hexdigest()) != pinned.sha256:
        told = f"expected SHA-256 {pinned.sha256[:12]}... inside, got {found[:12]}..."
        raise InputError(f"{packed}: {told}; delete the file and run again to download it from {pinned.url}")
    return pd.read_csv(io.BytesIO(text), **form)
