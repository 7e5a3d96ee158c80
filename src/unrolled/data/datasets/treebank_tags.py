"""Part-of-speech tags of Wall Street Journal sentences."""

import re

from unrolled.data.files.archives import opened
from unrolled.data.files.download import nltk_corpus
from unrolled.data.sequences.tagged_text import Sentence, TaggedText
from unrolled.data.splits import Split, deal

SHA256, SIZE = "9da92d76c3666cfb6cddeaed0f7e86b344cce0f0928a286d439e555f19c37399", 1740034
LEAF = re.compile(r"\(([^\s()]+) ([^\s()]+)\)")  # (tag word)


class TreebankTags(TaggedText):
    """NLTK's `treebank`, a tenth of the Penn Treebank: 3,914 sentences of 199 files, 100,676 tokens, 46 tags.

    Traces (tag -NONE-) count as tokens, as NLTK reads them.  Whole files are held out, by the seed.  A fair-use sample,
    for non-commercial use.  Read from the zip of $NLTK_DATA or downloaded once.
    """

    def prepare_data(self) -> None:
        """Download on one process per machine, before the others look for the file."""
        nltk_corpus("treebank", SHA256, SIZE)

    def load(self) -> dict[Split, list[Sentence]]:
        archive = nltk_corpus("treebank", SHA256, SIZE)
        with opened(archive, "NLTK's treebank") as files:
            names = sorted(name for name in files.namelist() if name.endswith(".mrg"))
            read = [sentences(files.read(name).decode("ascii")) for name in names]
        shares = [1 - self.valid_fraction - self.test_fraction, self.valid_fraction, self.test_fraction]
        parts = deal(names, shares, self.seed)
        splits: tuple[Split, ...] = ("train", "valid", "test")
        return {split: [s for i in part for s in read[i]] for split, part in zip(splits, parts, strict=True)}


def sentences(trees: str) -> list[Sentence]:
    """The (word, tag) pairs of each of a file's trees; a tree starts with a bracket at the start of a line."""
    pieces = re.split(r"^(?=\()", trees, flags=re.MULTILINE)
    return [[(word, tag) for tag, word in found] for piece in pieces if (found := LEAF.findall(piece))]
