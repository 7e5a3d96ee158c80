import pytest
import torch

from unrolled.data import JapaneseVowels
from unrolled.data.datasets.japanese_vowels import read_ts
from unrolled.errors import InputError


def test_a_ts_file_is_read(tmp_path):
    (tmp_path / "a.ts").write_text("#told\n@data\n1,2,3:-4,5e-1,6:x\n\n7:8:y\n")
    first, second = read_ts(tmp_path / "a.ts")
    assert (first.label, second.label) == ("x", "y")
    assert first.numbers.tolist() == [[1, -4], [2, 0.5], [3, 6]] and second.numbers.tolist() == [[7, 8]]


@pytest.mark.parametrize("line", ["1,2:3:x", "1,a:3,4:x", "1,?:3,4:x", "1,nan:3,4:x", "x"])
def test_a_wrong_line_is_told_by_its_number(line, tmp_path):
    (tmp_path / "a.ts").write_text(f"@data\n1:2:x\n{line}\n")
    with pytest.raises(InputError, match=r"a.ts: line 3: expected features of as many numbers each, then a class") as e:
        read_ts(tmp_path / "a.ts")
    assert "\n" not in str(e.value)


def test_the_real_files(corpora, monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", str(corpora))
    data = JapaneseVowels(standardize=False)
    data.prepare_data()
    data.setup("fit")
    assert data.sizes() == {"input_size": 12, "classes": 9}
    assert {split: len(part) for split, part in data.inputs.items()} == {"train": 243, "valid": 27, "test": 370}
    lengths = {split: sorted(map(len, part)) for split, part in data.inputs.items()}
    assert (lengths["test"][0], lengths["test"][-1]) == (7, 29)
    assert min(lengths["train"] + lengths["valid"]) == 7 and max(lengths["train"] + lengths["valid"]) == 26
    assert torch.bincount(torch.stack(data.labels["test"])).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    # the first numbers of the file, read by hand
    torch.testing.assert_close(data.inputs["test"][0].shape, torch.Size([19, 12]))
    assert data.baselines("test")["nearest neighbour"] < 0.06
