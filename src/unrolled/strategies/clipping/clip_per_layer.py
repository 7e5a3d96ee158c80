"""clipping: bound the norm of each layer's gradient."""

from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.clipping import clip_group
from unrolled.strategies.clipping._shared import record_clipping, refuse_a_second
from unrolled.tasks.base import SequenceTask


class ClipPerLayer(SequenceTask):
    """Shrink the gradient of each layer until its L2 norm is at most `max_norm`; smaller gradients are unchanged.

        g_l <- g_l * min(1, max_norm / (||g_l|| + 1e-6)),   l: the embedding, each recurrent layer, the output layer

    Source: ours; the rule of Pascanu, Mikolov & Bengio 2013, algorithm 1, layer by layer.

    Args:
        max_norm: the largest L2 norm over the parameters of one layer together; inf changes nothing.

    Raises:
        InputError: a max_norm that is not above 0, or a Trainer that clips as well.
    """

    seam = "clipping"

    def __init__(self, *, max_norm: float = float("inf"), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not max_norm > 0:
            raise InputError(f"ClipPerLayer: expected max_norm above 0, got {max_norm}")
        self.max_norm = max_norm

    @cached_property
    def layers(self) -> list[list[Tensor]]:
        """The direct parameters of each module that has some; shared ones belong to the first."""
        known: set[Tensor] = set()
        found: list[list[Tensor]] = []
        for module in self.modules():
            direct: list[Tensor] = [p for p in module.parameters(recurse=False) if p.requires_grad and p not in known]
            known.update(direct)
            found += [direct] if direct else []
        return found

    def clip(self, optimizer: torch.optim.Optimizer, value: float | None, algorithm: str | None) -> None:
        refuse_a_second(self, value)
        if self.max_norm < float("inf"):
            clipped = torch.stack([clip_group(layer, self.max_norm) for layer in self.layers])
            record_clipping(self, optimizer, clipped.any())
            self.record("strategy/clipped_layers_share", clipped.float().mean())
