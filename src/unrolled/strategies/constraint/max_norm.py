"""constraint: bound the weights of each unit."""

from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.constraints import bound_rows
from unrolled.tasks.base import SequenceTask


class MaxNorm(SequenceTask):
    """Shrink the incoming weights of a unit (a row of a matrix) until their L2 norm is at most a bound.

        w <- w * min(1, max_unit_norm / ||w||)

    W_i*, W_h* (per gate) and the output layer are bounded separately.  An embedding that is not tied is excluded,
    because its rows are not the weights of a unit.

    Source: Hinton, Srivastava, Krizhevsky, Sutskever & Salakhutdinov 2012, "Improving neural networks by preventing
    co-adaptation of feature detectors", section 2; the constraint is Srebro & Shraibman's, 2005.

    Args:
        max_unit_norm: the largest L2 norm of a row; inf changes nothing.

    Raises:
        InputError: a max_unit_norm that is not above 0.
    """

    seam = "constraint"

    def __init__(self, *, max_unit_norm: float = float("inf"), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not max_unit_norm > 0:
            raise InputError(f"MaxNorm: expected max_unit_norm above 0, got {max_unit_norm}")
        self.max_unit_norm = max_unit_norm

    @cached_property
    def matrices(self) -> list[Tensor]:
        """The weights whose rows are units."""
        modules = [module for module in self.modules() if not isinstance(module, nn.Embedding)]
        direct = [p for module in modules for p in module.parameters(recurse=False)]
        return [p for p in direct if p.dim() == 2 and p.requires_grad]

    def constrain(self) -> None:
        super().constrain()
        if self.max_unit_norm == float("inf"):
            return
        shrunk = torch.stack([bound_rows(weight, self.max_unit_norm) for weight in self.matrices]).sum()
        self.record("strategy/max_norm_share", shrunk / sum(len(weight) for weight in self.matrices))
