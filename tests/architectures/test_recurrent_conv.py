"""The recurrent convolution against its equations, one number at a time, and its symmetry under rotation."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from conformance.architectures import close, each_path
from unrolled.architectures import GRU, RecurrentConv
from unrolled.errors import InputError

P, F, C = 6, 2, 3


def model(**given):
    made = RecurrentConv(**{"input_size": P * F, "positions": P, "channels": C} | given).double()
    for parameter in made.parameters():
        torch.nn.init.uniform_(parameter, -0.7, 0.7)
    return made


def float64(numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def sums(weight, bias, row, ring, p, width, size):
    """w * ring at position p for the output `row`: place k of the kernel is the position p + k - (K - 1) / 2."""
    total = bias[row]
    for k in range(width):
        at = (p + k - (width - 1) // 2) % P
        for channel in range(size):
            total += weight[row][k * size + channel] * ring[at * size + channel]
    return total


def by_hand(w, x, h, width):
    """One row x (T, P F) from the state h (P C): every gate and the state of each step."""
    steps = []
    for now in x.tolist():
        named = {name: [0.0] * (P * C) for name in "rznh"}
        for p in range(P):
            for c in range(C):
                a = [sums(w["weight_ih_l0"], w["bias_ih_l0"], g * C + c, now, p, width, F) for g in range(3)]
                b = [sums(w["weight_hh_l0"], w["bias_hh_l0"], g * C + c, h, p, width, C) for g in range(3)]
                r, z = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
                n = math.tanh(a[2] + r * b[2])
                for name, value in {"r": r, "z": z, "n": n, "h": (1 - z) * n + z * h[p * C + c]}.items():
                    named[name][p * C + c] = value
        h = named["h"]
        steps.append(named)
    return steps


@each_path
@pytest.mark.parametrize("width", [1, 3, 5])
def test_equals_its_equations(path, width):
    made, inputs = model(kernel_size=width), torch.randn(2, 4, P * F).double()
    begin = torch.randn(2, 1, P * C).double()
    outputs, (final,) = path(made, inputs, (begin,))
    (gates,) = made.trace(inputs, (begin,))[2]
    weights = {name.removeprefix("cells.0."): p.detach().tolist() for name, p in made.named_parameters()}
    for row in range(2):
        steps = by_hand(weights, inputs[row], begin[row, 0].tolist(), width)
        close(outputs[row].detach(), float64([named["h"] for named in steps]), 1e-12)
        close(final[row, 0].detach(), float64(steps[-1]["h"]), 1e-12)
        for name in "rznh":
            close(gates[name][row].detach(), float64([named[name] for named in steps]), 1e-12)


@each_path
def test_turning_the_ring_turns_the_output(path):
    made, inputs = model(num_layers=2), torch.randn(2, 5, P, F).double()
    outputs = path(made, inputs.flatten(2))[0].unflatten(2, (P, C))
    turned = path(made, inputs.roll(2, 2).flatten(2))[0].unflatten(2, (P, C))
    close(turned, outputs.roll(2, 2), 1e-12)


def test_a_position_hears_of_another_one_neighbour_a_step():
    made, inputs = model(num_layers=1), torch.zeros(1, 3, P * F).double()
    moved = inputs.clone()
    moved[0, 0, :F] += 1.0  # position 0
    heard = (made(moved)[0] != made(inputs)[0])[0].unflatten(1, (P, C)).any(2)
    assert heard.tolist() == [
        [True, True, False, False, False, True],
        [True, True, True, False, True, True],
        [True] * 6,
    ]


def test_a_kernel_of_one_position_is_a_gru_at_each_position():
    made = model(kernel_size=1)
    plain = GRU(input_size=F, hidden_size=C).double()
    plain.load_state_dict(made.state_dict())
    inputs = torch.randn(3, 4, P, F).double()
    alone = plain(inputs.transpose(1, 2).flatten(0, 1))[0].unflatten(0, (3, P)).transpose(1, 2)
    close(made(inputs.flatten(2))[0], alone.flatten(2), 1e-12)
    everywhere = GRU(input_size=P * F, hidden_size=P * C)
    count = [sum(p.numel() for p in one.parameters() if p.dim() == 2) for one in (model(kernel_size=3), everywhere)]
    assert count == [3 * (F + C) * C * 3, 3 * (F + C) * C * P**2]


def test_gradients_by_finite_differences():
    made = model(input_size=P, channels=2)
    names, weights = zip(*made.named_parameters(), strict=True)

    def run(inputs, begin, *values):
        outputs, (final,) = torch.func.functional_call(made, dict(zip(names, values, strict=True)), (inputs, (begin,)))
        return outputs, final

    given = [torch.randn(2, 3, P).double(), torch.randn(2, 1, P * 2).double(), *weights]
    tensors = [t.detach().clone().requires_grad_() for t in given]
    assert gradcheck(run, tensors)
    assert gradgradcheck(run, tensors, fast_mode=True)


def test_first_weights_are_of_the_size_of_a_grus():
    torch.manual_seed(0)
    bound = 1 / math.sqrt(16 * 3)
    for parameter in RecurrentConv(input_size=24, positions=24, channels=16).parameters():
        assert 0.9 * bound < float(parameter.detach().abs().max()) <= bound


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"positions": 0}, "positions x channels.*, got 0 x 3"),
        ({"channels": 0}, "positions x channels.*, got 6 x 0"),
        ({"kernel_size": 2}, "an odd kernel_size from 1 to 6 positions, got 2"),
        ({"kernel_size": 7}, "an odd kernel_size from 1 to 6 positions, got 7"),
        ({"kernel_size": -1}, "an odd kernel_size from 1 to 6 positions, got -1"),
        ({"input_size": 15}, "an input_size that is a multiple of 6 positions, got 15"),
        ({"bidirectional": True}, "one direction, got bidirectional: true"),
    ],
)
def test_what_it_cannot_be_is_refused_in_one_line(given, message):
    with pytest.raises(InputError, match=f"^RecurrentConv: expected {message}[^\n]*$"):
        model(**given)
