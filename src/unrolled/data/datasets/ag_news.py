"""AG News: topic classification of news items."""

import csv

from unrolled.data.base import Split
from unrolled.data.files.download import RemoteFile, find_or_download
from unrolled.data.sequences.labelled_text import Example, LabelledText

PART = RemoteFile(
    "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/test.csv",
    "ag_news/test.csv",
    "521465c2428ed7f02f8d6db6ffdd4b5447c1c701962353eb2c40d548c3c85699",
    1857427,
)
TOPICS = {"1": "World", "2": "Sports", "3": "Business", "4": "Sci/Tech"}


class AGNews(LabelledText):
    """Title and description of 7,600 news items, 1,900 of each of four topics (Zhang, Zhao & LeCun 2015; research use).

    Only the published test set, split further; the published training set (120,000 items) is not used, so results
    cannot be compared with those of papers.  Read from the data folder, or downloaded once.
    """

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the file."""
        find_or_download(PART)

    def load(self) -> dict[Split, list[Example]]:
        with find_or_download(PART).open(encoding="utf-8", newline="") as file:
            return {"train": [Example(f"{title} {text}", TOPICS[topic]) for topic, title, text in csv.reader(file)]}
