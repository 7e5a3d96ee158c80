"""Japanese vowels: speaker identification from short multivariate series of unequal length."""

from pathlib import Path

import torch
from torch import Tensor

from unrolled.data.base import Split
from unrolled.data.files.download import RemoteFile, find_or_download
from unrolled.data.sequences.labelled_series import LabelledSeries, Series
from unrolled.errors import InputError

# The zip of the UEA archive changes; sktime has the same files, unpacked.
SITE = (
    "https://raw.githubusercontent.com/sktime/sktime/7bd7d1620c0656f3210eeb850bb1c0034159ee47/sktime/datasets/data/"
    "JapaneseVowels"
)
TRAIN = RemoteFile(
    f"{SITE}/JapaneseVowels_TRAIN.ts",
    "japanese_vowels/JapaneseVowels_TRAIN.ts",
    "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
    487971,
)
TEST = RemoteFile(
    f"{SITE}/JapaneseVowels_TEST.ts",
    "japanese_vowels/JapaneseVowels_TEST.ts",
    "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
    649132,
)


class JapaneseVowels(LabelledSeries):
    """12 linear prediction coefficients of two vowels by nine male speakers: 270 training and 370 test series.

    Each has 7 to 29 time steps.  Read from the data folder, or downloaded once (1.1 MB, CC BY 4.0).  Validation is a
    fraction of the training series.

    Source: Kudo, Toyama & Shimbo 1999, "Multidimensional curve classification using passing-through regions"; UCI.
    """

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the files."""
        find_or_download(TRAIN), find_or_download(TEST)

    def load(self) -> dict[Split, list[Series]]:
        return {"train": read_ts(find_or_download(TRAIN)), "test": read_ts(find_or_download(TEST))}


def read_ts(path: Path) -> list[Series]:
    """The series of a .ts file: one per line, with ":" between features, "," between numbers, and the class last.

    Raises:
        InputError: a line of another form, with its number.
    """
    read = []
    for row, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and line[0] not in "#@":
            *features, label = line.split(":")
            try:
                read.append(Series(_numbers(features), label.strip()))
            except ValueError as error:
                problem = f"line {row}: expected features of as many numbers each, then a class, got {line[:30]!r}..."
                raise InputError(f"{path}: {problem} ({error}); delete the file") from error
    return read


def _numbers(features: list[str]) -> Tensor:
    """Parse the features of a series: (T, F)."""
    numbers = torch.tensor([[float(number) for number in feature.split(",")] for feature in features])
    if numbers.dim() != 2 or not numbers.isfinite().all():
        raise ValueError("not a finite number, or features of unequal length")
    return numbers.T.contiguous()
