"""feedback: professor forcing, adversarial training of the hidden states."""

from typing import Any, Literal

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.windows import spans
from unrolled.strategies.feedback._choice import Feedback
from unrolled.strategies.feedback._discriminator import Discriminator
from unrolled.tasks.base import Penalties


class ProfessorForcing(Feedback):
    """Read the ground truth, and train free-running hidden states to look teacher-forced to a discriminator D.

        network:        loss - weight log D(free)             where D's accuracy is above heard_above
        discriminator:  - log D(forced) - log(1 - D(free))    where D's accuracy is below learns_below

    One optimizer minimizes both losses, each over its weights only.  Each window has one free run, from its start.
    Source: Goyal, Lamb et al. 2016, "Professor forcing: a new algorithm for training recurrent networks".

    Args:
        weight: factor on the network's term, in nats per nat; 0 is teacher forcing, without a discriminator.
        discriminator_size: units of the discriminator's GRU in each direction, and of its later layers.
        heard_above: accuracy of the discriminator in a window, 0 to 1, above which the network's term applies.
        learns_below: accuracy at and above which the discriminator is not trained.
        fed_back: what a free run reads: likeliest, sample or expected.

    Raises:
        InputError: a weight that is negative or not finite, a size below 1, or an accuracy that is not finite.
    """

    seam = "feedback"

    def __init__(
        self,
        *,
        weight: float = 0.0,
        discriminator_size: int = 64,
        heard_above: float = 0.75,
        learns_below: float = 0.99,
        fed_back: Literal["likeliest", "sample", "expected"] = "sample",
        **kwargs: Any,
    ) -> None:
        super().__init__(fed_back=fed_back, **kwargs)
        if not (0 <= weight < float("inf") and discriminator_size >= 1 and heard_above + learns_below < float("inf")):
            given = f"{weight}, {discriminator_size}, {heard_above}, {learns_below}"
            raise InputError(f"ProfessorForcing: expected weight >= 0, a size >= 1 and two accuracies, got {given}")
        self.weight, self.heard_above, self.learns_below = weight, heard_above, learns_below
        self.discriminator = Discriminator(self.architecture.output_size, discriminator_size) if weight > 0 else None

    def ratio(self) -> float:
        return 1.0

    def truth(self, rows: int, begin: int, end: int) -> Tensor:
        return torch.ones(rows, end - begin, dtype=torch.bool, device=self.device)

    def penalties(self, hidden: Tensor) -> Penalties:
        mine = {"ProfessorForcing": lambda: self._play(self.discriminator, hidden)} if self.discriminator else {}
        return super().penalties(hidden) | mine

    def _play(self, discriminator: Any, hidden: Tensor) -> Tensor:
        learnt, fooled, right = discriminator.play(hidden, self.run_alone())
        right = self.trainer.strategy.reduce(right, reduce_op="mean")
        for name, value in {"accuracy": right, "loss": learnt, "fooled": fooled}.items():
            self.record(f"strategy/discriminator_{name}", value)
        return (right > self.heard_above) * (self.weight * fooled) + (right < self.learns_below) * learnt

    def run_alone(self) -> Tensor:
        """Outputs (B, T, H) of the window's new steps; the training state is unchanged."""
        state, outputs = self.cursor.advance_to(self.window.new), []
        for begin, end in spans(self.window.new, self.window.stop, self.reset_steps):
            hidden, state = self(begin, end, state, self.read_free)
            outputs.append(hidden)
        return torch.cat(outputs, 1)
