import pytest

from unrolled.data import TextFile
from unrolled.data.files.text import read_text
from unrolled.errors import InputError


def text_file(path, **arguments):
    data = TextFile(str(path), **{"batch_size": 1, "eval_batch_size": 1, "sequence_length": 2} | arguments)
    data.setup("fit")
    return data


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "poem.txt"
    path.write_text("".join(f"word{i:03} is a line\n" for i in range(100)), encoding="utf-8")
    return path


def test_splits_are_contiguous_and_together_the_whole_file(path):
    data = text_file(path, valid_fraction=0.2, test_fraction=0.1)
    text = path.read_text()
    assert data.text("train") + data.text("valid") + data.text("test") == text
    assert [len(data.text(split)) for split in ("train", "valid", "test")] == [1260, 360, 180]


def test_no_word_is_cut(path):
    data = text_file(path, level="word", valid_fraction=0.111, test_fraction=0.127)
    parts = [data.text(split).split() for split in ("train", "valid", "test")]
    assert [word for part in parts for word in part] == path.read_text().split()


def test_the_usual_split_of_tiny_shakespeare(corpora):
    data = text_file(corpora / "tinyshakespeare/input.txt", valid_fraction=0.1, test_fraction=0.0)
    assert [len(data.tokens[split]) for split in ("train", "valid", "test")] == [1003855, 111539, 0]
    assert len(data.vocabulary) == 65 + 2


def test_windows_line_ends_and_the_byte_order_mark_are_no_characters(tmp_path):
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbf" + b"one\r\ntwo\r\n" * 20)
    assert set(text_file(tmp_path / "text").vocabulary.tokens) == {"<unk>", "<bos>", *"onetw\n"}


def test_without_a_test_fraction_only_the_test_is_refused(path):
    data = text_file(path, test_fraction=0.0)
    with pytest.raises(InputError, match=r"the test split is empty; set data\.init_args\.test_fraction above 0"):
        data.setup("test")


def refused(path, **arguments):
    with pytest.raises(InputError) as caught:
        text_file(path, **arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_file_names_the_nearest(path, tmp_path):
    wrong = tmp_path / "peom.txt"
    assert refused(wrong) == f"{wrong}: expected a UTF-8 text file, got no such file; did you mean {path}?"
    assert refused(tmp_path / "nowhere" / "x").endswith("got no such file; check data.init_args.path")
    assert "got a folder" in refused(tmp_path)


@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_an_empty_file(tmp_path, content):
    (tmp_path / "empty").write_bytes(content)
    assert f"expected text, got an empty file ({len(content)} bytes)" in refused(tmp_path / "empty")


def test_another_encoding_names_the_byte(tmp_path):
    (tmp_path / "latin").write_bytes("très caf\u00e9".encode("latin-1"))
    assert "expected UTF-8, got byte 0xe8 at offset 2; convert" in refused(tmp_path / "latin")


@pytest.mark.parametrize("name", ["valid_fraction", "test_fraction"])
@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_fractions_outside_their_range(path, name, value):
    assert f"data.init_args.{name}: expected a fraction in [0, 1), got {value}" in refused(path, **{name: value})


def test_fractions_that_leave_nothing(path):
    assert "expected less than 1, got 1.1" in refused(path, valid_fraction=0.6, test_fraction=0.5)


def test_a_byte_order_mark_alone_is_an_empty_file(tmp_path):
    (path := tmp_path / "empty.csv").write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(InputError, match="expected text, got an empty file"):
        read_text(path)
