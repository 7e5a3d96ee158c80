"""Resumable data loaders: Lightning saves and restores their position within an epoch."""

from collections.abc import Iterator
from typing import ClassVar, Self

from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch


class ResumableLoader:
    """Batches by index.  A loader overrides `__len__` (batches per epoch) and `batch` (batch number `index`).

    It has `state_dict` and `load_state_dict`, which Lightning calls in mid-epoch, and a length, so that Lightning does
    not prefetch and `position` is the number of batches that were trained on.
    """

    batch_sampler = None  # Lightning reads it from any loader that has a `sampler`
    length_depends_on: ClassVar[str]  # the arguments that determine the number of batches, for the error message

    def __init__(self) -> None:
        self.epoch = 0
        self.position = 0  # number of batches returned in this epoch
        self._resume: tuple[int, int] | None = None  # (epoch, position) of a checkpoint, until the next epoch starts

    def __len__(self) -> int:
        """Batches per epoch, the same on every process."""
        raise NotImplementedError

    def batch(self, index: int) -> SequenceBatch:
        """Batch number `index` of this epoch."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[SequenceBatch]:
        # Lightning asks for an iterator before it knows the epoch, and may drop it unread.  A generator chooses where
        # to start only when its first batch is requested.
        for index in range(self._start(), len(self)):
            self.position = index + 1  # before the yield: Lightning never requests a batch after the last one
            yield self.batch(index)

    def _start(self) -> int:
        """The first batch to return: the restored position if it belongs to this epoch, else 0."""
        resume, self._resume = self._resume, None
        return resume[1] % len(self) if resume is not None and resume[0] == self.epoch else 0

    @property
    def sampler(self) -> Self:
        """The object whose `set_epoch` Lightning calls."""
        return self

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def state_dict(self) -> dict[str, int]:
        epoch, position = self._resume or (self.epoch, self.position)
        return {"epoch": epoch, "position": position, "batches": len(self)}

    def load_state_dict(self, state: dict[str, int]) -> None:
        if state["batches"] != len(self):
            raise InputError(
                f"checkpoint: expected {len(self)} batches in an epoch, got {state['batches']}; resume with the same "
                f"{self.length_depends_on}"
            )
        self._resume = (state["epoch"], state["position"])
