"""The training state and its position in the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from unrolled.functional.state import State, detach, restart
from unrolled.functional.windows import spans

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask


class Cursor:
    """Where the current window starts to read, and the state that it saves for the next window or batch.

    A window may run more than once, for example to find a module that produced nan: `state` stays until `next_window`.

    Args:
        task: the task whose batch is read.
    """

    def __init__(self, task: SequenceTask) -> None:
        self.task = task
        self.state: State = ()  # before step `step`: where the window starts to read
        self.saved: State = ()  # before step `saved_step`: for the next window or batch; empty before the first batch
        self.step = self.saved_step = 0

    def save(self, state: State, step: int) -> None:
        """Save the state before `step`, without its graph."""
        self.saved, self.saved_step = detach(state), step

    def next_window(self) -> None:
        """Continue from the saved state."""
        self.state, self.step = self.saved, self.saved_step

    def advance_to(self, step: int) -> State:
        """The state before `step`, computed without a graph in the Trainer's precision."""
        state = self.state
        with torch.no_grad(), self.task.trainer.precision_plugin.forward_context():
            for begin, end in spans(self.step, step, self.task.reset_steps):
                _, state = self.task(begin, end, state)
        return state

    def advance_to_end(self) -> None:
        """Read the steps after the last window and save the state at the end of the batch."""
        if self.saved_step < self.task.length:
            self.next_window()
            self.save(self.advance_to(self.task.length), self.task.length)

    def reset(self, rows: Tensor | None = None) -> None:
        """Save the initial state for `rows` (B,) bool; null: forget the state of every row."""
        if rows is None:
            self.saved = ()
        else:
            self.saved = detach(restart(self.saved, rows, self.task.initial_state(len(rows))))
