"""The Brown corpus: a million words of American English from 1961, in 15 categories."""

from collections import defaultdict
from pathlib import Path

from unrolled.data.base import Split
from unrolled.data.files.archives import open_archive
from unrolled.data.files.download import download, nltk_folders
from unrolled.data.language_modeling.text_data import TextData

ARCHIVE = Path("corpora/brown.zip")  # relative to a folder of NLTK data
URL = "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/brown.zip"
SHA256 = "9b275f9b3b95d7bd66ccfb7cd259f445a13bbe5d1f4107aba09fd3e8364bafa6"
SIZE = 3314357  # bytes


class BrownCorpus(TextData):
    """NLTK's `brown` (non-commercial use), one sentence per line.

    Full files are held out, evenly spaced in each category: about 8 : 1 : 1, with every category in every split.  Read
    from the zip in $NLTK_DATA, or downloaded once.
    """

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the file."""
        brown_zip()

    def load(self) -> dict[Split, str]:
        with open_archive(brown_zip(), "NLTK's Brown corpus") as files:
            return {
                split: "".join(sentences(files.read(f"brown/{name}").decode("ascii")) for name in names)
                for split, names in split_files(files.read("brown/cats.txt").decode("ascii")).items()
            }


def brown_zip() -> Path:
    """The archive: in one of `nltk_folders()`, or downloaded to the last of them."""
    folders = nltk_folders()
    for folder in folders:
        if (folder / ARCHIVE).is_file():
            return folder / ARCHIVE
    return download(URL, folders[-1] / ARCHIVE, sha256=SHA256, size=SIZE)


def split_files(categories: str) -> dict[Split, list[str]]:
    """File names by split: of every ten files of a category, one for the test and one for validation.

    Args:
        categories: lines of "file category".
    """
    files = defaultdict(list)
    for line in sorted(categories.splitlines()):
        name, category = line.split()
        files[category].append(name)
    splits: dict[Split, list[str]] = {"train": [], "valid": [], "test": []}
    for names in files.values():
        stride = min(10, len(names))  # small categories also have one file in each split
        for index, name in enumerate(names):
            held_out: dict[int, Split] = {stride - 2: "valid", stride - 1: "test"}
            splits[held_out.get(index % stride, "train")].append(name)
    return {split: sorted(names) for split, names in splits.items()}


def sentences(tagged: str) -> str:
    """The words of a file, one sentence per line, from lines of "word/tag word/tag"."""
    lines = (" ".join(token.rpartition("/")[0] for token in line.split()) for line in tagged.splitlines())
    return "".join(f"{line}\n" for line in lines if line)
