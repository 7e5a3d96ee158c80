"""English-French sentence pairs from the Tatoeba project."""

from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from unrolled.data.base import Split
from unrolled.data.files.download import data_folder, download
from unrolled.data.translation.pair_data import PairData
from unrolled.data.translation.sentences import Pair, split_by_source
from unrolled.errors import InputError

URL = "https://www.manythings.org/anki/fra-eng.zip"
SHA256 = "16c4f7d0df9e7c5e6c54cdb0447f3f4a18a55052ff5e2e0b27dd4a06c0e49d04"  # the edition of 2017-09-29
SIZE = 2951390  # bytes


class EnglishFrench(PairData):
    """142,787 pairs (CC BY 2.0, tatoeba.org and manythings.org/anki), from fra-eng.zip in the data folder.

    The zip is downloaded if it is missing.  The publisher keeps only the newest edition, so an older one may have to be
    copied there by hand; any edition can be read.  An English sentence is in one split with all its translations;
    validation and test have a twentieth each.

    Args:
        lowercase: whether to convert sentences to lower case.
        punctuation: whether punctuation marks are separate tokens.
    """

    def __init__(self, *, lowercase: bool = True, punctuation: bool = True, **kwargs: Any) -> None:
        super().__init__(lowercase=lowercase, punctuation=punctuation, **kwargs)

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the file."""
        archive()

    def load(self) -> dict[Split, list[Pair]]:
        path = archive()
        try:
            with ZipFile(path) as files:
                lines = files.read("fra.txt").decode("utf-8").splitlines()
            pairs = [(columns[0], columns[1]) for columns in (line.split("\t") for line in lines)]
        except (BadZipFile, KeyError, UnicodeDecodeError, OSError, IndexError) as error:
            raise InputError(f"{path}: expected fra.txt, English and French in columns, got: {error}") from error
        return split_by_source(pairs, 0.05, 0.05)


def archive() -> Path:
    """The zip in the data folder, downloaded there if it is missing."""
    path = data_folder() / "eng-fra" / "fra-eng.zip"
    return path if path.is_file() else download(URL, path, sha256=SHA256, size=SIZE)
