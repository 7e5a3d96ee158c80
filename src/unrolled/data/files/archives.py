"""Zip and gzip files of published data sets, read without unpacking."""

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
    """Open the zip archive at `path`; `holds` names its content in messages.

    Raises:
        InputError: not a zip file, a damaged one, a missing member, text in another encoding, or an archive with a link
            or with a member outside its folder.
    """
    try:
        with ZipFile(path) as files:
            for member in files.infolist():
                if _escapes(member):
                    problem = f"expected files inside the folder of the archive, got {member.filename!r}"
                    raise InputError(f"{path}: {problem}; delete it: this is not the published file")
            yield files
    except (BadZipFile, zlib.error, KeyError, UnicodeDecodeError, OSError) as error:
        problem = f"expected {holds}, got: {error}"
        raise InputError(f"{path}: {problem}; delete the file and run again to download it") from error


def _escapes(member: ZipInfo) -> bool:
    """Whether a member is a link, or is outside the folder of the archive on any system."""
    name = PureWindowsPath(member.filename)  # accepts / as well as \
    return bool(name.anchor) or ".." in name.parts or S_ISLNK(member.external_attr >> 16)


def download_csv(remote: RemoteFile) -> None:
    """Download a CSV file unless it, or its gzip, is in the data folder."""
    packed = data_folder() / f"{remote.path}.gz"
    if not packed.is_file():
        find_or_download(remote)


def read_csv(remote: RemoteFile, **form: Any) -> Any:
    """The pandas frame of a published CSV file, or of its gzip; `form`: arguments of `pandas.read_csv`.

    Raises:
        InputError: the local file has another SHA-256, or the download fails.
    """
    import pandas as pd  # type: ignore[import-untyped]

    packed = data_folder() / f"{remote.path}.gz"
    if (data_folder() / remote.path).is_file() or not packed.is_file():
        return pd.read_csv(find_or_download(remote), **form)
    try:
        text = gzip.decompress(packed.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{packed}: expected a gzip file, got: {error}; delete it") from error
    if (found := hashlib.sha256(text).hexdigest()) != remote.sha256:
        problem = f"expected SHA-256 {remote.sha256[:12]}... inside, got {found[:12]}..."
        raise InputError(f"{packed}: {problem}; delete the file and run again to download it from {remote.url}")
    return pd.read_csv(io.BytesIO(text), **form)
