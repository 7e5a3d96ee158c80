"""MNIST: handwritten digits as sequences of rows or pixels."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unrolled.data.base import Split
from unrolled.data.datasets._images import Order, as_sequences, check_order
from unrolled.data.files.download import RemoteFile, data_folder, find_or_download
from unrolled.data.sequences.labelled_series import LabelledSeries, Series
from unrolled.errors import InputError

URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
FILES = {  # SHA-256, bytes
    "train-images-idx3-ubyte.gz": ("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9912422),
    "train-labels-idx1-ubyte.gz": ("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28881),
    "t10k-images-idx3-ubyte.gz": ("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1648877),
    "t10k-labels-idx1-ubyte.gz": ("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4542),
}
FEWER = {  # the first 10,000 training images, made from the published files
    "train10k-images-idx3-ubyte.gz": ("36707bfd63bcc1baf911512db8f40af1940d9fc513cb862f99741a994da05181", 1609526),
    "train10k-labels-idx1-ubyte.gz": ("ddb336c35d26d6499f325832214cfd852954d037817de7f291d8e80ad0912b32", 4997),
}


class MNIST(LabelledSeries):
    """60,000 training and 10,000 test images of 28 x 28 grey values, scaled to [0, 1], in ten classes.

    Read from mnist/ or mnist10k/ in the data folder, or downloaded once (11.6 MB, CC BY-SA 3.0).  With at most 10,000
    training images, the files train10k-... with the first 10,000 are sufficient.

    Source: LeCun, Cortes & Burges 1998; by pixel: Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent
    networks of rectified linear units".

    Args:
        order: row: 28 steps of 28 pixels; pixel: 784 steps of one pixel; permuted: the pixels in one random order, the
            same for all images.
        order_seed: random seed of that order.
        train_pictures: number of training images to use, including validation images, from the first; null: all.
        standardize: whether to also scale each feature to mean 0 and variance 1 over the training split.
    """

    def __init__(
        self,
        *,
        order: Order = "row",
        order_seed: int = 1,
        train_pictures: int | None = None,
        standardize: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(standardize=standardize, **kwargs)
        self.order, self.order_seed = order, order_seed
        self.train_pictures = train_pictures

    def check_arguments(self) -> None:
        super().check_arguments()
        check_order(self.order)
        if self.train_pictures is not None and self.train_pictures < 1:
            raise InputError(f"data.init_args.train_pictures: expected 1 or more, or null, got {self.train_pictures}")

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the files."""
        self._files()

    def load(self) -> dict[Split, list[Series]]:
        parts = [read_idx(path) for path in self._files()]
        train = self._series(parts[0], parts[1])
        return {"train": train[: self.train_pictures], "test": self._series(parts[2], parts[3])}

    def _files(self) -> list[Path]:
        """The files of the training images and labels, then of the test images and labels."""
        enough = self.train_pictures is not None and self.train_pictures <= 10_000
        fewer = [_folder(name) for name in FEWER]
        train, test = [*FILES][:2], [*FILES][2:]
        full = [_folder(name) for name in train]
        if enough and None not in fewer and None in full:
            train = [*FEWER]
        return [_find(name) for name in (*train, *test)]

    def _series(self, images: Tensor, labels: Tensor) -> list[Series]:
        series = as_sequences(images.float() / 255, self.order, self.order_seed)
        return [Series(one, str(label)) for one, label in zip(series, labels.tolist(), strict=True)]


def _folder(name: str) -> str | None:
    """The subfolder of the data folder that contains a file; None: no such file."""
    return next((folder for folder in ("mnist", "mnist10k") if (data_folder() / folder / name).is_file()), None)


def _find(name: str) -> Path:
    return find_or_download(RemoteFile(URL + name, f"{_folder(name) or 'mnist'}/{name}", *(FILES | FEWER)[name]))


def read_idx(path: Path) -> Tensor:
    """The bytes of a gzipped IDX file as a tensor of the shape in its header.

    Raises:
        InputError: not a gzipped IDX file of bytes.
    """
    try:
        data = gzip.decompress(path.read_bytes())
        if data[:3] != b"\0\0\x08":
            raise ValueError(f"it starts with {data[:3].hex()}, not 000008")
        sides, body = data[3], 4 + 4 * data[3]
        shape = [int.from_bytes(data[4 + 4 * side : 8 + 4 * side], "big") for side in range(sides)]
        return torch.from_numpy(np.frombuffer(data, np.uint8, offset=body).reshape(shape).copy())
    except (OSError, EOFError, IndexError, ValueError) as error:
        raise InputError(f"{path}: expected a gzipped IDX file of bytes, got: {error}; delete the file") from error
