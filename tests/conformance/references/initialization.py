"""References of the strategies that set first weights, in plain torch.  Nothing of unrolled is used here."""

import torch
from torch import Tensor, nn

from conformance.references.loops import Batches, Optimizer, Plain, full
from conformance.references.truncation import draws

UNITS = 6
INPUT, FORGET = slice(0, UNITS), slice(UNITS, 2 * UNITS)  # an LSTM's gates stand i f g o


class PlainReLU(Plain):
    """Embedding, one nn.RNN of rectified units, linear head."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        nn.Module.__init__(self)
        (vocabulary, embedding), (_, hidden) = weights["embedding.weight"].shape, weights["head.weight"].shape
        self.hidden_size = hidden
        self.embedding = nn.Embedding(vocabulary, embedding)
        cell = nn.RNN(embedding, hidden, nonlinearity="relu", batch_first=True)
        self.architecture = nn.ModuleDict({"cells": nn.ModuleList([cell])})
        self.head = nn.Linear(hidden, vocabulary)
        self.to(weights["head.weight"].dtype).load_state_dict(weights)

    def start(self, rows: int) -> Tensor:
        return self.head.weight.new_zeros(1, rows, self.hidden_size)


def forget_biased(model: Plain, optimizer: Optimizer, batches: Batches, *, forget_bias: float) -> None:
    cell = model.architecture["cells"][0]
    cell.bias_ih_l0.data[FORGET], cell.bias_hh_l0.data[FORGET] = forget_bias, 0
    full(model, optimizer, batches)


def chrono(model: Plain, optimizer: Optimizer, batches: Batches, *, t_max: int) -> None:
    cell, numbers = model.architecture["cells"][0], draws("ChronoInitialization", 0)
    times = 1 + (t_max - 2) * torch.rand(UNITS, generator=numbers, dtype=torch.float64)
    bias = times.log().float()  # the task is made in float32
    cell.bias_ih_l0.data[FORGET], cell.bias_ih_l0.data[INPUT] = bias, -bias
    cell.bias_hh_l0.data[: 2 * UNITS] = 0
    full(model, optimizer, batches)


def orthogonal(model: Plain, optimizer: Optimizer, batches: Batches, *, gain: float) -> None:
    weight, numbers = model.architecture["cells"][0].weight_hh_l0, draws("OrthogonalInitialization", 0)
    for gate in range(4):
        block = nn.init.orthogonal_(torch.empty(UNITS, UNITS), gain, generator=numbers)
        weight.data[gate * UNITS : (gate + 1) * UNITS] = block
    full(model, optimizer, batches)


def identity(model: Plain, optimizer: Optimizer, batches: Batches, *, scale: float) -> None:
    cell = model.architecture["cells"][0]
    nn.init.eye_(cell.weight_hh_l0)
    cell.weight_hh_l0.data *= scale
    nn.init.zeros_(cell.bias_ih_l0)
    nn.init.zeros_(cell.bias_hh_l0)
    full(model, optimizer, batches)
