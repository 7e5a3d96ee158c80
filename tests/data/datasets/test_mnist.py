import gzip

import pytest
import torch

from unrolled.data import MNIST
from unrolled.data.datasets import mnist
from unrolled.data.files import download as downloads
from unrolled.errors import InputError


def idx(tensor):
    head = b"\0\0\x08" + bytes([tensor.dim()]) + b"".join(side.to_bytes(4, "big") for side in tensor.shape)
    return gzip.compress(head + bytes(tensor.flatten().tolist()))


def test_an_idx_file_is_read_as_it_was_written(tmp_path):
    written = torch.randint(256, (3, 4, 5), dtype=torch.uint8)
    (tmp_path / "a.gz").write_bytes(idx(written))
    assert torch.equal(mnist.read_idx(tmp_path / "a.gz"), written)


@pytest.mark.parametrize(
    "data",
    [b"no gzip", gzip.compress(b"\0\0\x0d\x01\0\0\0\x01\0\0\0\0"), idx(torch.ones(3, dtype=torch.uint8))[:-9], b""],
    ids=["no gzip", "floats", "cut off", "empty"],
)
def test_another_file_is_refused(data, tmp_path):
    (tmp_path / "a.gz").write_bytes(data)
    with pytest.raises(InputError, match=r"a.gz: expected a gzipped IDX file of bytes, got: .*; delete the file$"):
        mnist.read_idx(tmp_path / "a.gz")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x09abc"))
    with pytest.raises(InputError, match="b.gz: expected a gzipped IDX file"):
        mnist.read_idx(tmp_path / "b.gz")


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A small MNIST in the data folder, 40 pictures and 10 for the test; a first grey value is the picture's number."""
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path))
    monkeypatch.setattr(downloads, "_verified", lambda path, pinned: path)
    (tmp_path / "mnist").mkdir()
    for name, count in (("train", 40), ("t10k", 10)):
        made = torch.randint(256, (count, 28, 28), dtype=torch.uint8)
        made[:, 0, 0] = torch.arange(count)
        (tmp_path / f"mnist/{name}-images-idx3-ubyte.gz").write_bytes(idx(made))
        (tmp_path / f"mnist/{name}-labels-idx1-ubyte.gz").write_bytes(idx(torch.arange(count, dtype=torch.uint8) % 10))
    return tmp_path


def ready(**given):
    data = MNIST(**given)
    data.prepare_data()
    data.setup("fit")
    return data


def test_pictures_keep_their_labels_and_are_scaled_to_one(pictures):
    data = ready(order="pixel", train_pictures=30)
    numbers = []
    for split in ("train", "valid"):
        for one, label in zip(data.inputs[split], data.labels[split], strict=True):
            assert one.shape == (784, 1) and one.min() >= 0 and one.max() <= 1
            numbers.append(round(float(one[0, 0]) * 255))
            assert numbers[-1] % 10 == label
    assert sorted(numbers) == list(range(30)) and len(data.inputs["test"]) == 10
    assert data.sizes() == {"input_size": 1, "classes": 10} and ready().sizes() == {"input_size": 28, "classes": 10}


def test_the_first_ten_thousand_alone_will_do(pictures):
    for kind in ("images-idx3", "labels-idx1"):
        (pictures / "mnist10k").mkdir(exist_ok=True)
        whole = pictures / f"mnist/train-{kind}-ubyte.gz"
        whole.rename(pictures / f"mnist10k/train10k-{kind}-ubyte.gz")
    assert sum(len(ready(train_pictures=20).inputs[split]) for split in ("train", "valid")) == 20


def test_what_is_missing_is_downloaded_as_it_was_pinned(pictures, monkeypatch):
    name = "train-images-idx3-ubyte.gz"
    asked, kept = [], (pictures / "mnist" / name).read_bytes()
    (pictures / "mnist" / name).unlink()

    def download(url, target, *, sha256, size):
        asked.append((url, target, sha256, size))
        target.write_bytes(kept)
        return target

    monkeypatch.setattr(downloads, "download", download)
    assert len(ready().inputs["test"]) == 10
    assert asked == [(mnist.URL + name, pictures / "mnist" / name, *mnist.FILES[name])]


def test_the_real_files(corpora, monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", str(corpora))
    data = ready(train_pictures=10_000)
    counts = torch.bincount(torch.stack(data.labels["train"] + data.labels["valid"]))
    assert counts.tolist() == [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]
    assert len(data.inputs["test"]) == 10_000 and data.inputs["train"][0].shape == (28, 28)


def test_wrong_arguments():
    with pytest.raises(InputError, match="data.init_args.train_pictures: expected 1 or more, or null, got 0"):
        MNIST(train_pictures=0).setup()
    with pytest.raises(InputError, match="data.init_args.order: expected one of row, pixel, permuted, got 'rows'"):
        MNIST(order="rows").setup()
