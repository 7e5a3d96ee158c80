"""Zip archives of published data sets: read where they lie, never unpacked."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from stat import S_ISLNK
from zipfile import BadZipFile, ZipFile, ZipInfo

from unrolled.errors import InputError


@contextmanager
def opened(path: Path, holds: str) -> Iterator[ZipFile]:
    """The archive at `path`, which `holds` what the data set is called.

    Raises:
        InputError: no zip, a damaged one, one that lacks a file that is read inside, text of another encoding, or an
            archive with a link, or that names a file outside its own folder.
    """
    try:
        with ZipFile(path) as files:
            for member in files.infolist():
                if _leads_out(member):
                    told = f"expected files inside the archive's own folder, got {member.filename!r}"
                    raise InputError(f"{path}: {told}; delete it: this is not the published file")
            yield files
    except (BadZipFile, zlib.error, KeyError, UnicodeDecodeError, OSError) as error:
        told = f"expected {holds}, got: {error}"
        raise InputError(f"{path}: {told}; delete the file and run again to download it") from error


def _leads_out(member: ZipInfo) -> bool:
    """Whether a member is a link, or its name is that of another drive, root or folder above, on any system."""
    name = PureWindowsPath(member.filename)  # it takes / for \ too
    return bool(name.anchor) or ".." in name.parts or S_ISLNK(member.external_attr >> 16)
