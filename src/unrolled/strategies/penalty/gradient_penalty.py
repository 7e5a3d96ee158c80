"""penalty: preserve the norm of the back-propagated error."""

import time
from typing import Any

import torch
from torch import Tensor

from unrolled.architectures import GRU, LSTM, RNN
from unrolled.errors import InputError
from unrolled.functional.penalties import omega, read_segments, transitions
from unrolled.functional.state import State, detach
from unrolled.strategies._cells import cells
from unrolled.tasks.base import Penalties, SequenceTask
from unrolled.tasks.step import distributed as processes


class GradientPenalty(SequenceTask):
    """Add `omega` times Omega, which measures how much each time step shrinks or stretches the back-propagated error E.

        Omega = sum over k of ( ||dE/dx_{k+1} dx_{k+1}/dx_k|| / ||dE/dx_{k+1}|| - 1 )^2

    x_k is the state of all layers; Omega is a mean over sequences.  Its gradient treats x_k and dE/dx_{k+1} as
    constants, as published.  Training stays fused; a second, step-by-step pass computes the terms.

    Source: Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", equations 9, 10.

    Args:
        omega: factor on Omega; 0 adds nothing.

    Raises:
        InputError: an omega that is below 0 or not finite, or a cell other than RNN, LSTM and GRU.
    """

    seam = "penalty"
    architecture: Any

    def __init__(self, *, omega: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= omega < float("inf"):
            raise InputError(f"GradientPenalty: expected a finite omega of at least 0, got {omega}")
        self.omega = omega
        self.calls: list[tuple[Tensor, State]] = []  # of this window: what the architecture was given
        if omega > 0:
            cells(self, "GradientPenalty", RNN, LSTM, GRU)
            self.architecture.register_forward_pre_hook(self._met)

    def _met(self, architecture: Any, given: tuple[Tensor, State]) -> None:
        if self.training and torch.is_grad_enabled():
            self.calls.append((given[0].detach(), detach(given[1])))

    def training_step(self, *args: Any) -> Tensor | None:
        self.calls = []
        return super().training_step(*args)

    def penalties(self, hidden: Tensor) -> Penalties:
        return super().penalties(hidden) | ({"GradientPenalty": lambda: self._penalty(hidden)} if self.omega else {})

    def _penalty(self, hidden: Tensor) -> Tensor:
        began = time.perf_counter()
        read = hidden.detach().requires_grad_()
        total, _ = self.measure(read, self.batch.targets[:, self.window.new : self.window.stop])
        (error,) = torch.autograd.grad(total, read)
        with torch.autocast(self.device.type, enabled=False):
            added = self.omega * self._omega(error.to(torch.promote_types(error.dtype, torch.float32)))
        self.record("strategy/omega", added / self.omega)
        self.record("strategy/omega_seconds", added.new_tensor(time.perf_counter() - began))
        return added

    def _omega(self, error: Tensor) -> Tensor:
        reads = read_segments(self.calls, self.reset_rows[:, : self.window.stop], error.dtype)

        def advance(inputs: Tensor, state: State) -> Any:
            return self.architecture.trace(inputs, state)[:2]

        self.architecture.eval()  # no dropout: its masks are not those of the first reading
        total = omega(advance, transitions(advance, reads, error))
        self.architecture.train()
        return total / processes.mean(self.trainer, total.new_tensor(len(error))).to(total.dtype)
