"""The fused call of one recurrent cell: its weights, and its number type on a CPU without a 16-bit kernel.

F input features, H hidden, G gates.
"""

import warnings
from functools import cache, partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.func import functional_call

from unrolled.errors import InputWarning

WEIGHT_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")  # torch's, in the order of `Weights`
HALF = (torch.bfloat16, torch.float16)


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


def unsupported_half_dtype(x: Tensor, cell: nn.Module) -> torch.dtype | None:
    """The 16-bit type of a fused call of `cell` on `x` if this CPU has no kernel for it, else None.

    Without a kernel, oneDNN rejects an LSTM under autocast, and torch emulates every other call in 3 to 10 times the
    time of float32 (`benchmarks/half_precision.py`).
    """
    dtype = x.dtype
    if x.device.type != "cpu" or dtype == torch.float64:
        return None
    if torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
    if dtype not in HALF or has_kernel(dtype, cell.input_size, cell.hidden_size):
        return None
    _warn(dtype)
    return dtype


@cache
def has_kernel(dtype: torch.dtype, input_size: int, hidden_size: int) -> bool:
    """Whether oneDNN trains an LSTM of these sizes in `dtype` on this CPU, found by running one step.

    The answer also holds for GRU and RNN, whose products oneDNN computes in the same types.
    """
    float32 = partial(torch.zeros, dtype=torch.float32)  # the default type may be a 16-bit one (bf16-true)
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", dtype=dtype), _unhooked():
        x, state = float32(1, 1, input_size), float32(1, 1, hidden_size)
        shapes = [(input_size,), (hidden_size,), (), ()]  # weights of one unit: inputs, state, two biases
        weights = [float32(4 * hidden_size, *shape, requires_grad=True) for shape in shapes]
        try:
            outputs, *_ = torch.lstm(x, (state, state), weights, True, 1, 0.0, True, False, True)
            torch.autograd.grad(outputs.sum(), weights)
        except RuntimeError:  # "could not create a primitive descriptor"
            return False
    return True


def _unhooked() -> saved_tensors_hooks:
    """Disable outer saved-tensor hooks: the first call may be inside a checkpointed segment, which counts tensors."""
    return saved_tensors_hooks(lambda saved: saved, lambda saved: saved)


@cache
def _warn(dtype: torch.dtype) -> None:
    """Warn once per run, on rank 0."""
    if torch.distributed.is_available() and torch.distributed.is_initialized() and torch.distributed.get_rank() > 0:
        return
    name = str(dtype).removeprefix("torch.")
    message = (
        f"trainer.precision: this CPU has no recurrent kernel for {name}; recurrent layers compute in float32, "
        f"and their outputs are rounded to {name}"
    )
    warnings.warn(message, InputWarning, stacklevel=2)
