"""What every recurrent architecture is tested with.  A new cell needs one entry in `CELLS`.

Shapes: B batch, T time, F input features, H hidden, L layers, D directions.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from unrolled.architectures import GRU, GRUD, LSTM, RNN, RecurrentConv
from unrolled.architectures.recurrent import Recurrent


def gru_d(*, input_size: int, **arguments: Any) -> Recurrent:
    """Of two values, their marks and their times; what is left are other inputs."""
    return GRUD(input_size=3 * input_size, values=min(2, max(1, input_size)), **arguments)


def recurrent_conv(*, input_size: int, hidden_size: int, **arguments: Any) -> Recurrent:
    """As many positions as units, so that any number will do."""
    kernel = {"positions": hidden_size, "channels": 1, "kernel_size": min(3, 2 * (hidden_size // 2) - 1)}
    return RecurrentConv(input_size=input_size * hidden_size, **kernel, **arguments)


CELLS: dict[str, Callable[..., Recurrent]] = {
    "LSTM": LSTM,
    "GRU": GRU,
    "RNN": RNN,
    "RNN-relu": partial(RNN, nonlinearity="relu"),
    "LSTM-layer-norm": partial(LSTM, layer_norm=True),
    "GRU-layer-norm": partial(GRU, layer_norm=True),
    "RNN-layer-norm": partial(RNN, layer_norm=True),
    "GRUD": gru_d,
    "RecurrentConv": recurrent_conv,
}
ONE_WAY = {"GRUD", "RecurrentConv"}
STACKS: dict[str, dict[str, Any]] = {
    "one layer": {},
    "stacked": {"num_layers": 3},
    "bidirectional": {"bidirectional": True},
    "both": {"num_layers": 2, "bidirectional": True},
}
LENGTHS = torch.tensor([3, 7, 1, 6])  # of B = 4 rows of T = 7 time steps; the shortest possible and the full one

each_cell = pytest.mark.parametrize("cell", CELLS)
each_stack = pytest.mark.parametrize("stack", STACKS)


def make(cell: str, stack: str = "one layer", *, scale: float = 0.7, **arguments: Any) -> Recurrent:
    """A float64 model, F = 3 and H = 5 unless said, whose weights and biases are all random in [-scale, scale]."""
    given = {"input_size": 3, "hidden_size": 5, **STACKS[stack], **arguments}
    if cell in ONE_WAY and given.get("bidirectional"):
        pytest.skip(f"{cell} reads one way")
    model = CELLS[cell](**given).double()
    for parameter in model.parameters():
        nn.init.uniform_(parameter, -scale, scale)
    return model


def random_inputs(model: Recurrent, batch: int = 4, time: int = 7) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Inputs (B, T, F) and a state to start from, in the model's precision."""
    state = tuple(torch.randn_like(part) * 0.5 for part in model.initial_state(batch))
    return torch.randn(batch, time, model.input_size).to(state[0]), state


def close(actual: Any, expected: Any, tolerance: float) -> None:
    """Equal within `tolerance`, absolute below 1 and relative above."""
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


def forward(model: Recurrent, *arguments: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
    return model(*arguments)


def trace(model: Recurrent, *arguments: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
    return model.trace(*arguments)[:2]


each_path = pytest.mark.parametrize("path", [forward, trace])


def gradients(path: Any, model: Recurrent, inputs: Tensor, state: Any, lengths: Tensor | None = None) -> list[Tensor]:
    """Of a loss that is a sum over rows, steps and states: for the inputs, each part of the state, each weight."""
    inputs, state = inputs.clone().requires_grad_(), tuple(part.clone().requires_grad_() for part in state)
    outputs, final = path(model, inputs, state, lengths)
    loss = sum((part + part**2).sum() for part in (outputs, *final))
    return list(torch.autograd.grad(loss, [inputs, *state, *model.parameters()]))
