"""What strategies of the feedback seam share: the coin, and the model's own last token."""

from abc import abstractmethod

import torch
from torch import Tensor

from unrolled.functional.state import State
from unrolled.tasks.language_modeling import LanguageModeling


class Feedback(LanguageModeling):
    """Read the truth with probability `ratio()`, else the token that the model itself found most likely.

    The tokens are chosen step by step without a gradient; one fused pass then reads them with it.  A token that was
    chosen has no gradient to carry, so this is the gradient of the step-by-step network at a fraction of its cost (with
    dropout, of two networks thinned differently: one chose, the other learns).  The own last token travels in the state
    (B,), -1 where there is none yet, so that windows and batches cut nothing off.
    """

    @abstractmethod
    def ratio(self) -> float:
        """The probability of reading the truth at this optimiser step."""

    def initial_state(self, batch_size: int) -> State:
        state = super().initial_state(batch_size)
        return *state, torch.full((batch_size,), -1, device=state[0].device)

    def unroll(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        state, own = state[:-1], state[-1]
        if not self.training or self.ratio() >= 1:
            hidden, state = super().unroll(inputs, state)
            return hidden, (*state, torch.full_like(own, -1))
        hidden, state = super().unroll(self._read(inputs, state, own), state)
        return hidden, (*state, self.choose(hidden[:, -1].detach()))

    @torch.no_grad()
    def _read(self, inputs: Tensor, state: State, own: Tensor) -> Tensor:
        """The tokens (B, T) that are read instead of `inputs` (B, T)."""
        truth = torch.rand(inputs.shape, device=inputs.device) < self.ratio()
        tokens: list[Tensor] = []
        for token, forced in zip(inputs.unbind(1), truth.unbind(1), strict=True):
            tokens.append(torch.where(forced | (own < 0), token, own))
            if len(tokens) < inputs.shape[1]:
                hidden, state = super().unroll(tokens[-1][:, None], state)
                own = self.choose(hidden[:, -1])
        return torch.stack(tokens, 1)
