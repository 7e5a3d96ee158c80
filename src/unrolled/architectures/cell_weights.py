"""The weights that one recurrent cell computes with.  F input features, H hidden, G gates."""

from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.func import functional_call

WEIGHT_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")  # torch's, in the order of `Weights`


class Weights(NamedTuple):
    """Weights of one layer in one direction, after weight drop."""

    w_ih: Tensor  # (G * H, F)
    w_hh: Tensor  # (G * H, H)
    b_ih: Tensor  # (G * H,)
    b_hh: Tensor  # (G * H,)
    norms: nn.ModuleDict | None  # layer norms by position

    def with_w_hh_transposed(self) -> "Weights":
        """The same weights, with `w_hh` as (H, G * H)."""
        return self._replace(w_hh=self.w_hh.t())

    def float(self) -> "Weights":
        """The same weights in float32."""
        w_ih, w_hh, b_ih, b_hh = (weight.float() for weight in self[:4])
        return Weights(w_ih, w_hh, b_ih, b_hh, self.norms)


def fused_call(cell: nn.Module, weights: Weights, x: Any, state: Any) -> Any:
    """Call the torch module `cell` with `weights` in place of its parameters."""
    parameters = ((name, getattr(cell, name)) for name in WEIGHT_NAMES)
    changed = {name: new for (name, old), new in zip(parameters, weights[:4], strict=True) if new is not old}
    return functional_call(cell, changed, (x, state)) if changed else cell(x, state)
