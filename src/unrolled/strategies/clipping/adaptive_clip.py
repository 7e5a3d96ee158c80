"""clipping: bound each unit's gradient by the norm of its weights."""

from typing import Any

import torch

from unrolled.errors import InputError
from unrolled.functional.clipping import clip_units
from unrolled.functional.gradients import optimized_parameters
from unrolled.strategies.clipping._shared import record_clipping, refuse_a_second
from unrolled.tasks.base import SequenceTask


class AdaptiveClip(SequenceTask):
    """AGC: shrink the gradient G of each unit until its norm is at most a fraction of the norm of its weights W.

        G <- G * min(1, clipping_factor * max(||W||, eps) / ||G||),   W and G: a row of a weight, or an entire bias

    Source: Brock, De, Smith & Simonyan 2021, "High-performance large-scale image recognition without normalization",
    equation 3; as there, the output layer is excluded by default.

    Args:
        clipping_factor: the largest ratio of the L2 norms of gradient and weight; inf changes nothing.
        eps: lower bound on the L2 norm of a weight in the rule above, so that a weight of zeros can learn.
        output_layer: whether the task's output layer is clipped too.

    Raises:
        InputError: a clipping_factor that is not above 0, an eps that is not above 0 and finite, or a Trainer that
            clips as well.
    """

    seam = "clipping"

    def __init__(
        self, *, clipping_factor: float = 0.01, eps: float = 1e-3, output_layer: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not (clipping_factor > 0 and 0 < eps < float("inf")):
            given = f"{clipping_factor} and {eps}"
            raise InputError(f"AdaptiveClip: expected clipping_factor and eps above 0, eps finite, got {given}")
        self.clipping_factor, self.eps, self.output_layer = clipping_factor, eps, output_layer

    def clip(self, optimizer: torch.optim.Optimizer, value: float | None, algorithm: str | None) -> None:
        refuse_a_second(self, value)
        if self.clipping_factor == float("inf"):
            return
        head = () if self.output_layer else self.get_submodule("head").parameters()
        spared = {id(parameter) for parameter in head}
        chosen = [p for p in optimized_parameters(optimizer) if id(p) not in spared]
        units = clip_units(chosen, self.clipping_factor, self.eps)
        record_clipping(self, optimizer, units > 0)
        self.record("strategy/clipped_units_share", units)
