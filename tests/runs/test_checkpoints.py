"""A checkpoint is written whole, knows when it is damaged, and leaves the one before."""

import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.errors import InputError
from unrolled.runs import checkpoints
from unrolled.runs.checkpoints import SealedCheckpointIO


def _save(path: Path, value: float) -> None:
    SealedCheckpointIO().save_checkpoint({"state_dict": {"w": torch.full((3,), value)}}, path)


def test_it_comes_back_and_any_zip_reader_and_torch_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "last.ckpt"
    _save(path, 1.5)
    assert torch.equal(checkpoints.load(path)["state_dict"]["w"], torch.full((3,), 1.5))
    assert zipfile.ZipFile(path).testzip() is None
    assert torch.equal(torch.load(path, weights_only=True)["state_dict"]["w"], torch.full((3,), 1.5))


@given(st.integers(min_value=0), st.integers(0, 7))
def test_one_flipped_bit_anywhere_is_seen(position: int, bit: int) -> None:
    import io

    buffer = io.BytesIO()
    torch.save({"w": torch.ones(2)}, buffer)
    data = bytearray(checkpoints.seal(buffer.getvalue()))
    assert checkpoints.is_intact(bytes(data))
    data[position % len(data)] ^= 1 << bit
    assert not checkpoints.is_intact(bytes(data))


def test_the_one_before_is_kept_and_used_when_the_last_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    _save(path, 1.0)
    _save(path, 2.0)
    assert checkpoints.newest_intact(tmp_path) == path
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(InputError, match=r"last\.ckpt: the checkpoint is damaged.*use .*last\.previous\.ckpt"):
        checkpoints.load(path)
    before = checkpoints.newest_intact(tmp_path)
    assert before is not None and float(checkpoints.load(before)["state_dict"]["w"][0]) == 1.0
    before.write_bytes(b"")
    with pytest.raises(InputError, match="every checkpoint is damaged"):
        checkpoints.newest_intact(tmp_path)


def test_a_kill_between_the_two_renames_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    _save(path, 1.0)
    path.rename(checkpoints.previous_path(path))
    assert checkpoints.newest_intact(tmp_path) == checkpoints.previous_path(path)


def test_a_failing_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.ckpt"
    _save(path, 1.0)

    def full(descriptor: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        _save(path, 2.0)
    assert float(checkpoints.load(path)["state_dict"]["w"][0]) == 1.0


def test_no_checkpoint_and_no_folder(tmp_path: Path) -> None:
    assert checkpoints.newest_intact(tmp_path / "nowhere") is None
    with pytest.raises(InputError, match="expected a checkpoint, found none"):
        checkpoints.load(tmp_path / "none.ckpt")


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    SealedCheckpointIO().save_checkpoint({"evil": Evil()}, tmp_path / "evil.ckpt")
    with pytest.raises(Exception, match="[Ww]eights"):
        checkpoints.load(tmp_path / "evil.ckpt")
    assert not (tmp_path / "ran").exists()


def test_another_architecture_is_named() -> None:
    small, large = torch.nn.Linear(2, 3), torch.nn.Linear(2, 4)
    checkpoints.require_match({"state_dict": small.state_dict()}, small, Path("a.ckpt"))
    with pytest.raises(InputError, match=r"a\.ckpt: .*another architecture: bias is 3 in it and 4 in the task"):
        checkpoints.require_match({"state_dict": small.state_dict()}, large, Path("a.ckpt"))
    with pytest.raises(InputError, match="bias is missing in it and 3 in the task"):
        checkpoints.require_match({"state_dict": {"weight": small.weight}}, small, Path("a.ckpt"))
