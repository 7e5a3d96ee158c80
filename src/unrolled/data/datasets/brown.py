"""The Brown corpus: a million words of American English of 1961, in 15 categories."""

import os
from collections import defaultdict
from pathlib import Path

from unrolled.data.files.archives import open_archive
from unrolled.data.files.download import data_folder, download
from unrolled.data.language_modeling.text_data import TextData
from unrolled.data.splits import Split

ARCHIVE = Path("corpora/brown.zip")  # inside a folder of NLTK data
URL = "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/brown.zip"
SHA256 = "9b275f9b3b95d7bd66ccfb7cd259f445a13bbe5d1f4107aba09fd3e8364bafa6"
SIZE = 3314357  # bytes


class BrownCorpus(TextData):
    """NLTK's `brown` (non-commercial use), one sentence a line; read from the zip of $NLTK_DATA or downloaded once.

    Whole files are held out, spread evenly through each category: about 8 : 1 : 1, every category in every split.
    """

    def prepare_data(self) -> None:
        """Download on one process per machine, before the others look for the file."""
        brown_zip()

    def load(self) -> dict[Split, str]:
        with open_archive(brown_zip(), "NLTK's Brown corpus") as files:
            return {
                split: "".join(sentences(files.read(f"brown/{name}").decode("ascii")) for name in names)
                for split, names in split_files(files.read("brown/cats.txt").decode("ascii")).items()
            }


def brown_zip() -> Path:
    """The archive: where NLTK keeps its data, else in the data folder, else downloaded there."""
    places = [Path(place) for place in os.environ.get("NLTK_DATA", "").split(os.pathsep) if place]
    mine = data_folder() / "nltk_data"
    for place in (*places, Path(os.path.expanduser("~/nltk_data")), mine):
        if (place / ARCHIVE).is_file():
            return place / ARCHIVE
    return download(URL, mine / ARCHIVE, sha256=SHA256, size=SIZE)


def split_files(categories: str) -> dict[Split, list[str]]:
    """File names per split.  Of every ten files of a category one is for the test and one for validation.

    Args:
        categories: lines of "file category".
    """
    files = defaultdict(list)
    for line in sorted(categories.splitlines()):
        name, category = line.split()
        files[category].append(name)
    splits: dict[Split, list[str]] = {"train": [], "valid": [], "test": []}
    for names in files.values():
        stride = min(10, len(names))  # the small categories still give one file to each
        for place, name in enumerate(names):
            held_out: dict[int, Split] = {stride - 2: "valid", stride - 1: "test"}
            splits[held_out.get(place % stride, "train")].append(name)
    return {split: sorted(names) for split, names in splits.items()}


def sentences(tagged: str) -> str:
    """The words of a file, one sentence a line, from lines of "word/tag word/tag"; the tags go."""
    lines = (" ".join(token.rpartition("/")[0] for token in line.split()) for line in tagged.splitlines())
    return "".join(f"{line}\n" for line in lines if line)
