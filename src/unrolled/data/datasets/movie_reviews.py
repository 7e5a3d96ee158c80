"""Movie reviews: whole film reviews, positive or negative."""

from unrolled.data.files.archives import open_archive
from unrolled.data.files.download import nltk_corpus
from unrolled.data.sequences.labelled_text import Example, LabelledText
from unrolled.data.splits import Split

SHA256, SIZE = "a41211ae685019137410268134db6a1a14428c89b671eb83056151a878539008", 4004848
LABELS = {"neg": "negative", "pos": "positive"}  # folders of the archive


class MovieReviews(LabelledText):
    """NLTK's `movie_reviews` (Pang & Lee 2004, version 2.0, CC BY 4.0): 1,000 reviews of each class, some 790 tokens.

    Read from the zip of $NLTK_DATA or downloaded once.  It has no splits of its own.
    """

    def prepare_data(self) -> None:
        """Download on one process per machine, before the others look for the file."""
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
