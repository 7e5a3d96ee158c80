"""Sentence polarity: sentiment classification of sentences of film reviews."""

from unrolled.data.base import Split
from unrolled.data.files.archives import open_archive
from unrolled.data.files.download import nltk_corpus
from unrolled.data.sequences.labelled_text import Example, LabelledText

SHA256, SIZE = "6e1ed4405b65c7eabf1d199a7f7c437091ac21da0ea7467b410a74062574566b", 490256
FILES = {"negative": "sentence_polarity/rt-polarity.neg", "positive": "sentence_polarity/rt-polarity.pos"}


class SentencePolarity(LabelledText):
    """NLTK's `sentence_polarity` (Pang & Lee 2005, version 1.0, CC BY 4.0): 5,331 sentences of each of two classes.

    Read from the zip in $NLTK_DATA, or downloaded once.  It has no published splits; results in the
    literature are means over ten folds.
    """

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the file."""
        nltk_corpus("sentence_polarity", SHA256, SIZE)

    def load(self) -> dict[Split, list[Example]]:
        archive = nltk_corpus("sentence_polarity", SHA256, SIZE)
        with open_archive(archive, "NLTK's sentence polarity") as files:
            texts = {label: files.read(name).decode("latin-1") for label, name in FILES.items()}
        return {"train": [Example(line, label) for label, text in texts.items() for line in text.split("\n") if line]}
