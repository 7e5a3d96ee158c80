"""Linear network with one parameter whose short-term and long-term influences have opposite signs."""

import torch
from torch import Tensor, nn

from unrolled.architectures.base import Stepwise, check_shapes
from unrolled.errors import InputError
from unrolled.functional.batch import last_outputs, zero_padding
from unrolled.functional.state import State


class InfluenceNetwork(Stepwise):
    """A chain of n units; the parameter theta is added to the first p and subtracted from the others.

        s_t = A s_{t-1} + theta (1, ..., 1, -1, ..., -1),   A_ii = A_i,i+1 = 1/2, else 0
        h_t = the first unit of s_t

    State: (s,), (B, n).  The inputs are ignored.  The fixed point is s_1 = 2 theta (p - (n - p)): with p below n - p,
    the first unit falls when theta rises, but only after the influence of theta has passed through the full chain.  A
    gradient truncated before that has the wrong sign.  The fixed point is 1 at theta = 1 / (2 (p - (n - p))).

    Source: Tallec & Ollivier 2017, "Unbiasing truncated backpropagation through time", the influence balancing task.

    Notes:
        theta starts from N(0, 0.1^2), the only random number here: 0 favours no sign, and 0.1 has the magnitude of the
        solution (-1/6 by default), so that the first losses are near that of a constant state of 0.

    Args:
        input_size: features F of each time step; all are ignored.
        units: n.
        positive: p, number of units at the start of the chain to which theta is added.

    Raises:
        InputError: `positive` outside 1 to `units`, or half of them, where theta does not change the fixed point.
    """

    directions = 1
    output_size = 1
    chain: Tensor  # (n, n), A transposed
    signs: Tensor  # (n,)

    def __init__(self, *, input_size: int = 1, units: int = 23, positive: int = 10) -> None:
        super().__init__()
        if not 1 <= positive <= units:
            raise InputError(f"InfluenceNetwork: expected positive from 1 to {units} units, got {positive}")
        if 2 * positive == units:
            raise InputError(f"InfluenceNetwork: expected positive other than half of {units} units, got {positive}")
        self.input_size, self.units, self.positive = input_size, units, positive
        self.theta = nn.Parameter(0.1 * torch.randn(()))
        chain = (torch.eye(units) + torch.diag(torch.ones(units - 1), -1)) / 2
        self.register_buffer("chain", chain, persistent=False)
        self.register_buffer("signs", 1.0 - 2.0 * (torch.arange(units) >= positive), persistent=False)

    def initial_state(self, batch_size: int) -> State:
        """Zeros, (B, n)."""
        return (self.theta.new_zeros(batch_size, self.units),)

    def forward(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Outputs (B, T, 1) and the final state, (B, n), over the time steps of `inputs` (B, T, F).

        With `lengths` (B,), in time steps, outputs at padding are zero, and the final state of a sequence is the one at
        its last step.
        """
        check_shapes(inputs, self.input_size, state, [(self.units,)], lengths)
        (s,) = self.initial_state(len(inputs)) if state is None else state
        hook, drive, steps = self.active_hook(), self.theta * self.signs, []
        for _ in range(inputs.shape[1]):
            s = torch.addmm(drive, s, self.chain)
            s = s if hook is None else hook(s)
            steps.append(s)
        states = torch.stack(steps, 1)  # (B, T, n)
        return zero_padding(states[..., :1], lengths), (s if lengths is None else last_outputs(states, lengths),)
