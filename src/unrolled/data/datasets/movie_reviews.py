"""Movie reviews: sentiment classification of full film reviews."""

from unrolled.data.base import Split
from unrolled.data.files.archives import open_archive
from unrolled.data.files.download import nltk_corpus
from unrolled.data.sequences.labelled_text import Example, LabelledText

SHA256, SIZE = "a41211ae685019137410268134db6a1a14428c89b671eb83056151a878539008", 4004848
LABELS = {"neg": "negative", "pos": "positive"}  # folders of the archive


class MovieReviews(LabelledText):
    """NLTK's `movie_reviews` (Pang & Lee 2004, version 2.0, CC BY 4.0): 1,000 reviews per class, of about 790 tokens.

    Read from the zip in $NLTK_DATA, or downloaded once.  It has no published splits.
    """

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the file."""
        nltk_corpus("movie_reviews", SHA256, SIZE)

    def load(self) -> dict[Split, list[Example]]:
        archive = nltk_corpus("movie_reviews", SHA256, SIZE)
        with open_archive(archive, "NLTK's movie reviews") as files:
            names = sorted(name for name in files.namelist() if name.endswith(".txt"))
            reviews = [
                Example(files.read(name).decode("utf-8"), LABELS[folder])
                for name in names
                if (folder := name.split("/")[1]) in LABELS
            ]
        return {"train": reviews}
