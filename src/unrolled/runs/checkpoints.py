"""Checkpoints that are written whole or not at all, know when they are damaged, and leave the one before."""

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from unrolled.errors import InputError

MARK = b"sha256:"
SEAL = len(MARK) + 64


def seal(archive: bytes) -> bytes:
    """The zip file with a comment that holds the SHA-256 of all before it; any zip reader still reads it."""
    body = archive[:-2] + SEAL.to_bytes(2, "little")  # a zip ends with its comment's length, here 0
    return body + MARK + hashlib.sha256(body).hexdigest().encode()


def sound(data: bytes) -> bool:
    """Whether the seal is there and right."""
    body, comment = data[:-SEAL], data[-SEAL:]
    return comment == MARK + hashlib.sha256(body).hexdigest().encode()


def previous(path: Path) -> Path:
    """Where the checkpoint that `path` replaced is kept."""
    return path.with_suffix(".previous.ckpt")


def load(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint: plain data and tensors only.

    Raises:
        InputError: no such file, or one whose digest does not match its content.
    """
    if not path.is_file():
        raise InputError(f"{path}: expected a checkpoint, found none; see which there are in {path.parent}")
    data = path.read_bytes()
    if not sound(data):
        others = [p for p in sorted(path.parent.glob("*.ckpt")) if p != path and sound(p.read_bytes())]
        advice = f"use {others[0]}" if others else "train again"
        raise InputError(f"{path}: the checkpoint is damaged, its SHA-256 does not match its content; {advice}")
    return torch.load(io.BytesIO(data), map_location=map_location, weights_only=True)


def newest_sound(folder: Path) -> Path | None:
    """last.ckpt, or the one before it when that is missing or damaged; None when there was none yet.

    Raises:
        InputError: there are checkpoints, and all are damaged.
    """
    last = folder / "last.ckpt"
    found = [path for path in (last, previous(last)) if path.is_file()]
    for path in found:
        if sound(path.read_bytes()):
            return path
    if found:
        raise InputError(f"{folder}: every checkpoint is damaged ({', '.join(p.name for p in found)}); train again")
    return None


class SealedCheckpointIO(TorchCheckpointIO):
    """Lightning's reader and writer of checkpoints, with the seal."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(seal(buffer.getvalue()))
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            path.replace(previous(path))
        part.replace(path)

    def load_checkpoint(self, path: Any, map_location: Any = "cpu", weights_only: Any = None) -> dict[str, Any]:
        return load(Path(path), map_location)


def require_match(checkpoint: dict[str, Any], task: torch.nn.Module, path: Path) -> None:
    """Refuse a checkpoint whose weights are not this task's.

    Raises:
        InputError: names the first weight that is missing, too many, or of another shape.
    """
    saved = {name: tuple(value.shape) for name, value in checkpoint["state_dict"].items()}
    wanted = {name: tuple(value.shape) for name, value in task.state_dict().items()}
    for name in sorted(saved.keys() | wanted.keys()):
        if saved.get(name) != wanted.get(name):
            raise InputError(
                f"{path}: the checkpoint is of another architecture: {name} is {_say(saved.get(name))} there and "
                f"{_say(wanted.get(name))} here; use the recipe that it was trained with"
            )


def _say(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else "x".join(map(str, shape)) or "a number"
