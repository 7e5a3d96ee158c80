"""feedback: free running over the last steps of a window."""

from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.strategies.feedback._choice import Feedback


class FreeRunning(Feedback):
    """The last n steps of each window read model outputs, earlier steps the ground truth (student forcing).

        n = shortest + (longest - shortest) min(1, s / over)      at optimizer step s, rounded down

    Source: Williams & Zipser 1989, "A learning algorithm for continually running fully recurrent neural networks"; the
    curriculum: Bengio, Louradour, Collobert & Weston 2009, "Curriculum learning".

    Args:
        shortest_stretch: n at the first step, in time steps.
        longest_stretch: final n, in time steps; null: the batch's length, so that all steps run free; 0: none does.
        over: optimizer steps until n is longest_stretch; 0: from the beginning.

    Raises:
        InputError: a negative number, or a shortest stretch above the longest.
    """

    seam = "feedback"

    def __init__(
        self, *, shortest_stretch: int = 0, longest_stretch: int | None = None, over: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if over < 0 or not 0 <= shortest_stretch <= (shortest_stretch if longest_stretch is None else longest_stretch):
            wanted = "expected 0 <= shortest_stretch <= longest_stretch time steps over 0 optimizer steps or more"
            raise InputError(f"FreeRunning: {wanted}, got {shortest_stretch}, {longest_stretch} and {over}")
        self.shortest, self.longest, self.over = shortest_stretch, longest_stretch, over

    def free_steps(self) -> int:
        """n at this optimizer step."""
        longest = max(self.shortest, self.length) if self.longest is None else self.longest
        if self.optimizer_steps >= self.over:
            return longest
        return self.shortest + (longest - self.shortest) * self.optimizer_steps // self.over

    def ratio(self) -> float:
        return 0.0 if self.free_steps() else 1.0

    def truth(self, rows: int, begin: int, end: int) -> Tensor:
        free_from = self.window.stop - self.free_steps()
        return (torch.arange(begin, end, device=self.device) < free_from).expand(rows, end - begin)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        self.record("strategy/free_steps", min(self.free_steps(), self.window.stop - self.window.start))
