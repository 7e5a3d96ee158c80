"""Zip archives of published data sets: read where they lie, never unpacked."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile

from unrolled.errors import InputError


@contextmanager
def opened(path: Path, holds: str) -> Iterator[ZipFile]:
    """The archive at `path`, which `holds` what the data set is called.

    Raises:
        InputError: no zip, a damaged one, one that lacks a file that is read inside, text of another encoding, or an
            archive that names a file outside its own folder.
    """
    try:
        with ZipFile(path) as files:
            for name in files.namelist():
                if name.startswith(("/", "\\")) or ".." in PurePosixPath(name.replace("\\", "/")).parts:
                    told = f"expected files inside the archive's own folder, got {name!r}"
                    raise InputError(f"{path}: {told}; delete it: this is not the published file")
            yield files
    except (BadZipFile, zlib.error, KeyError, UnicodeDecodeError, OSError) as error:
        told = f"expected {holds}, got: {error}"
        raise InputError(f"{path}: {told}; delete the file and run again to download it") from error
