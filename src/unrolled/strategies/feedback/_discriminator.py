"""Discriminator between teacher-forced and free-running hidden states.

B batch, T time, H hidden, D hidden units of the discriminator.
"""

import torch
from torch import Tensor, nn

from unrolled.functional.feedback import discriminator_accuracy, discriminator_loss, generator_loss


class Discriminator(nn.Module):
    """A bidirectional GRU, then at each step a network of three layers; a row's logit is their mean over time.

    Args:
        input_size: H.
        hidden_size: D, units of the GRU in each direction, and of each later layer.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.reader = nn.GRU(input_size, hidden_size, batch_first=True, bidirectional=True)
        self.judge = nn.Sequential(
            nn.Linear(2 * hidden_size, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, 1),
        )

    def forward(self, behaviour: Tensor) -> Tensor:
        """(B,): logits of the probability that hidden states (B, T, H) are from a teacher-forced run."""
        logits: Tensor = self.judge(self.reader(behaviour)[0])
        return logits.mean((1, 2))

    def play(self, forced: Tensor, free: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The discriminator's loss, the network's adversarial loss, and the discriminator's accuracy.

        The runs are hidden states (B, T, H).  The first loss has a gradient for the discriminator alone, the second for
        `free` alone.
        """
        logits = self(forced.detach()), self(free.detach())
        constants = {name: p.detach() for name, p in self.named_parameters()}
        seen: Tensor = torch.func.functional_call(self, constants, (free,))
        return discriminator_loss(*logits), generator_loss(seen), discriminator_accuracy(*logits)
