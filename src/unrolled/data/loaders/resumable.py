"""What Lightning needs of a loader to leave an epoch in the middle and to come back to it."""

from collections.abc import Iterator
from typing import ClassVar, Self

from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch


class ResumableLoader:
    """Batches by number.  A loader says how many an epoch has (`__len__`) and which one number `index` is (`batch`).

    Lightning saves and restores it in mid-epoch: it has `state_dict`, `load_state_dict`, and a length, so that
    Lightning fetches nothing ahead and the position counts the batches that were trained on.
    """

    batch_sampler = None  # Lightning asks for it where it finds a `sampler`
    length_depends_on: ClassVar[str]  # the arguments that decide how many batches there are, for the error

    def __init__(self) -> None:
        self.epoch = 0
        self.position = 0  # batches of this epoch that were handed out
        self._resume: tuple[int, int] | None = None  # (epoch, position) read from a checkpoint and not used yet

    def __len__(self) -> int:
        """Batches in an epoch, the same on every process."""
        raise NotImplementedError

    def batch(self, index: int) -> SequenceBatch:
        """Batch number `index` of this epoch."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[SequenceBatch]:
        # Lightning asks for an iterator before it knows the epoch and may drop it unread; a generator decides where to
        # start when its first batch is asked for.
        for index in range(self._start(), len(self)):
            self.position = index + 1  # before the yield: Lightning never asks beyond the last batch
            yield self.batch(index)

    def _start(self) -> int:
        """The first batch to hand out: 0, or the saved position when it belongs to this very epoch."""
        resume, self._resume = self._resume, None
        return resume[1] % len(self) if resume is not None and resume[0] == self.epoch else 0

    @property
    def sampler(self) -> Self:
        """Where Lightning looks for `set_epoch`."""
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
