"""Checkpoint files: atomic writes, SHA-256 verification, and the previous file as a backup."""

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
    """Append the SHA-256 of the zip file as its zip comment; any zip reader can still read it."""
    body = archive[:-2] + SEAL.to_bytes(2, "little")  # a zip file ends with the comment length, here 0
    return body + MARK + hashlib.sha256(body).hexdigest().encode()


def is_intact(data: bytes) -> bool:
    """Whether the digest is present and correct."""
    body, comment = data[:-SEAL], data[-SEAL:]
    return comment == MARK + hashlib.sha256(body).hexdigest().encode()


def previous_path(path: Path) -> Path:
    """The backup of the checkpoint that `path` replaced."""
    return path.with_suffix(".previous.ckpt")


def load(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint; it may contain plain data and tensors only.

    Raises:
        InputError: the file is missing or damaged.
    """
    if not path.is_file():
        raise InputError(f"{path}: expected a checkpoint, found none; choose one from {path.parent}")
    data = path.read_bytes()
    if not is_intact(data):
        others = [p for p in sorted(path.parent.glob("*.ckpt")) if p != path and is_intact(p.read_bytes())]
        advice = f"use {others[0]}" if others else "train again"
        raise InputError(f"{path}: the checkpoint is damaged (SHA-256 mismatch); {advice}")
    return torch.load(io.BytesIO(data), map_location=map_location, weights_only=True)


def newest_intact(folder: Path) -> Path | None:
    """last.ckpt, or its backup if it is missing or damaged; None if neither exists.

    Raises:
        InputError: all checkpoints are damaged.
    """
    last = folder / "last.ckpt"
    found = [path for path in (last, previous_path(last)) if path.is_file()]
    for path in found:
        if is_intact(path.read_bytes()):
            return path
    if found:
        raise InputError(f"{folder}: every checkpoint is damaged ({', '.join(p.name for p in found)}); train again")
    return None


class SealedCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoint I/O with atomic writes and a SHA-256 digest."""

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
            path.replace(previous_path(path))
        part.replace(path)

    def load_checkpoint(self, path: Any, map_location: Any = "cpu", weights_only: Any = None) -> dict[str, Any]:
        return load(Path(path), map_location)


def require_match(checkpoint: dict[str, Any], task: torch.nn.Module, path: Path) -> None:
    """Check that the checkpoint has the weights of this task.

    Raises:
        InputError: a weight is missing, unexpected, or of another shape; the message names the first.
    """
    saved = {name: tuple(value.shape) for name, value in checkpoint["state_dict"].items()}
    wanted = {name: tuple(value.shape) for name, value in task.state_dict().items()}
    for name in sorted(saved.keys() | wanted.keys()):
        if saved.get(name) != wanted.get(name):
            raise InputError(
                f"{path}: the checkpoint has another architecture: {name} is {_shape_text(saved.get(name))} in it and "
                f"{_shape_text(wanted.get(name))} in the task; use the recipe that it was trained with"
            )


def _shape_text(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else "x".join(map(str, shape)) or "a number"
