"""gradient: bound the gradient of the state at each time step."""

from typing import Any, Literal

import torch
from torch import Tensor

from unrolled.architectures.base import set_state_hook
from unrolled.errors import InputError
from unrolled.functional.gradients import RULES, StateGradientBound
from unrolled.tasks.base import SequenceTask


class ClipStateGradient(SequenceTask):
    """Bound dL/dh_t (and an LSTM's dL/dc_t) at every time step, layer and row, before it flows to step t - 1.

        norm:  g <- g * min(1, max_state_gradient / ||g||),   g (H,) of one row
        value: g_j <- max(-max_state_gradient, min(max_state_gradient, g_j))

    g is the total derivative at this point: from the output at t, from the layer above and from t + 1.

    Source: Graves 2013, "Generating sequences with recurrent neural networks", section 2.1, by value, at the inputs of
    the gates; clipping the state itself, and by norm, is ours.

    Args:
        max_state_gradient: the largest L2 norm of a row, or absolute value of a component; inf changes nothing.
        by: norm, which keeps a row's direction, or value.

    Raises:
        InputError: a bound that is not above 0, another `by`, or an architecture that cannot run step by step.
    """

    seam = "gradient"

    def __init__(
        self, *, max_state_gradient: float = float("inf"), by: Literal["norm", "value"] = "norm", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not max_state_gradient > 0 or by not in RULES:
            given = f"{max_state_gradient} and {by}"
            raise InputError(f"ClipStateGradient: expected max_state_gradient above 0, by norm or value, got {given}")
        self.state_gradient_bound = StateGradientBound(max_state_gradient, by)
        if max_state_gradient < float("inf"):  # else the fused call stays
            set_state_hook(self, self.state_gradient_bound)

    def on_before_backward(self, loss: Tensor) -> None:
        super().on_before_backward(loss)
        self.state_gradient_bound.scale = self.trainer.world_size  # the gradients of all processes will be averaged
        if self.trainer.precision == "16-mixed":
            self.state_gradient_bound.scale *= self.trainer.precision_plugin.scaler.get_scale()  # type: ignore[attr-defined]

    def on_after_backward(self) -> None:
        super().on_after_backward()
        self.state_gradient_bound.scale = None

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        if self.state_gradient_bound.bounded:
            self.record("strategy/state_gradient_clipped_share", self.state_gradient_bound.share())
