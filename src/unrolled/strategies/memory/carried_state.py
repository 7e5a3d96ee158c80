"""memory: carry the state from batch to batch."""

from typing import Any

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.batch import drop_targets, steps_since
from unrolled.functional.state import State, carry, detach, restart
from unrolled.tasks.base import Penalties, SequenceTask


class CarriedState(SequenceTask):
    """Carry the state of each row from batch to batch, without its gradient.

    For streams: row r of a batch must continue row r of the batch before.  Where the data sets `resets`, a row
    starts from the initial state instead, even in the middle of a batch.  Source: Mikolov et al. 2010, "Recurrent
    neural network based language model".

    Args:
        drop_probability: probability that a row is reset at the start of a batch (Melis, Dyer & Blunsom 2018, "On
            the state of the art of evaluation in neural language models").
        learned_initial_state: whether the initial state is a parameter, zeros at first.
        burn_in: time steps after a reset that only update the state, without loss or gradient (Kapturowski, Ostrovski,
            Quan, Munos & Dabney 2019, "Recurrent experience replay in distributed reinforcement learning").

    Raises:
        InputError: a probability outside [0, 1], or a negative burn-in.
    """

    seam = "memory"

    def __init__(
        self, *, drop_probability: float = 0.0, learned_initial_state: bool = False, burn_in: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not 0 <= drop_probability <= 1 or burn_in < 0:
            given = f"{drop_probability} and {burn_in}"
            raise InputError(f"CarriedState: expected drop_probability in [0, 1] and burn_in of 0 or more, got {given}")
        self.drop_probability, self.burn_in = drop_probability, burn_in
        parts = [part[0] for part in super().initial_state(1) if part.is_floating_point() and not part.isnan().any()]
        self.initial = nn.ParameterList(map(nn.Parameter, parts) if learned_initial_state else [])  # nan: no output

    def initial_state(self, batch_size: int) -> State:
        state, learned = super().initial_state(batch_size), iter(self.initial)
        return tuple(next(learned, part).expand_as(part) if part.is_floating_point() else part for part in state)

    def reset_mask(self) -> Tensor:
        resets = self.batch.resets.clone()
        resets[len(self.cursor.saved[0]) if self.cursor.saved else 0 :, 0] = True
        if self.drop_probability > 0:
            resets[:, 0] |= torch.rand(len(resets), device=resets.device) < self.drop_probability
        self.resets = resets
        (ages,) = carry(self.ages, (resets.new_zeros(len(resets), dtype=torch.int64),))
        self.read_before = age = steps_since(resets, ages)
        self.ages = (age[:, -1] + 1,)
        self.warm = age == self.burn_in  # the first step after a burn-in, where the gradient ends
        return resets | self.warm

    def loss_targets(self) -> Tensor:
        return drop_targets(super().loss_targets(), self.read_before < self.burn_in)

    def steps_since_reset(self) -> Tensor:
        return self.read_before

    def reset_state(self, state: State, t: int) -> State:
        state = restart(state, self.warm[:, t], detach(state))
        return restart(state, self.resets[:, t], self.initial_state(len(self.resets)))

    def penalties(self, hidden: Tensor) -> Penalties:
        # With DDP, a window without a reset needs a gradient of zero instead of None.
        zero = {"CarriedState": lambda: torch.stack([0 * part.sum() for part in self.initial]).sum()}
        return super().penalties(hidden) | (zero if self.initial else {})
