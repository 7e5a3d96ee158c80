"""TREC: question classification by the type of the answer."""

from typing import Any

from unrolled.data.base import Split
from unrolled.data.files.download import RemoteFile, find_or_download
from unrolled.data.sequences.labelled_text import Example, LabelledText

SITE = "https://cogcomp.seas.upenn.edu/Data/QA/QC"
TRAIN = RemoteFile(
    f"{SITE}/train_5500.label",
    "trec/TREC.train",
    "9e4c8bdcaffb96ed61041bd64b564183d52793a8e91d84fc3a8646885f466ec3",
    335858,
)
TEST = RemoteFile(
    f"{SITE}/TREC_10.label",
    "trec/TREC.test",
    "033f22c028c2bbba9ca682f68ffe204dc1aa6e1cf35dd6207f2d4ca67f0d0e8e",
    23354,
)


class TREC(LabelledText):
    """5,452 training and 500 test questions in six classes of answers (Li & Roth 2002; research use).

    Read from the data folder, or downloaded once.  Validation is a fraction of the training questions.

    Args:
        fine: whether to use the 50 fine classes; 38 of them occur in the test set.
    """

    def __init__(self, *, fine: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fine = fine

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the files."""
        find_or_download(TRAIN), find_or_download(TEST)

    def load(self) -> dict[Split, list[Example]]:
        return {"train": self._questions(TRAIN), "test": self._questions(TEST)}

    def _questions(self, part: RemoteFile) -> list[Example]:
        """The questions of a file with lines "COARSE:fine question"."""
        lines = find_or_download(part).read_text(encoding="latin-1").splitlines()
        pairs = [line.partition(" ")[::2] for line in lines]
        return [Example(question, label if self.fine else label.partition(":")[0]) for label, question in pairs]
