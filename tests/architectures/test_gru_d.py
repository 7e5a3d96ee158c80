"""GRU-D against the paper's equations, one number at a time, and against a plain GRU where nothing is missing."""

import math

import pytest
import torch

from conformance.architectures import LENGTHS, close, each_path, random_inputs
from unrolled.architectures import GRU, GRUD
from unrolled.errors import InputError

V, REST, H = 2, 1, 5


def model(num_layers=1, **given):
    """Weights of both signs, and decays that are felt at once; F = 3 V + REST."""
    made = GRUD(input_size=3 * V + REST, values=V, hidden_size=H, num_layers=num_layers, **given).double()
    for parameter in made.parameters():
        torch.nn.init.uniform_(parameter, -0.7, 0.7)
    with torch.no_grad():
        made.value_decay_bias.fill_(0.3), made.state_decay.bias[0].fill_(0.3)
    return made


def gaps(batch=4, time=7):
    """Marks of 0 and 1, the steps since the last 1, and values and other inputs: (B, T, F)."""
    marks = (torch.rand(batch, time, V) < 0.6).double()
    since = torch.zeros(batch, time, V, dtype=torch.float64)
    for t in range(time):
        since[:, t] = (1 - marks[:, t]) * ((since[:, t - 1] if t else 0) + 1)
    values, rest = torch.randn(batch, time, V).double(), torch.randn(batch, time, REST).double()
    return torch.cat([values, marks, since, rest], -1)


def float64(numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def by_hand(w, x, h):
    """One row x (T, F) from the state h, a list: the decays and the states of each step."""
    decays, states = [], []
    for now in x.tolist():
        values, marks, since, rest = now[:V], now[V : 2 * V], now[2 * V : 3 * V], now[3 * V :]
        read = []
        for d in range(V):
            fading = math.exp(-max(0.0, w["value_decay"][d] * since[d] + w["value_decay_bias"][d]))
            read.append(values[d] if marks[d] == 1 else fading * values[d])
        read += marks + rest
        decay = []
        for j in range(H):
            total = sum(w["state_decay.weight"][j][d] * since[d] for d in range(V)) + w["state_decay.bias"][j]
            decay.append(math.exp(-max(0.0, total)))
        h = [a * b for a, b in zip(decay, h, strict=True)]

        def products(gate, j, read=read, h=h):
            row = gate * H + j
            from_input = sum(a * b for a, b in zip(w["cells.0.weight_ih_l0"][row], read, strict=True))
            from_state = sum(a * b for a, b in zip(w["cells.0.weight_hh_l0"][row], h, strict=True))
            return from_input + w["cells.0.bias_ih_l0"][row], from_state + w["cells.0.bias_hh_l0"][row]

        new = []
        for j in range(H):
            r, z, (x_n, h_n) = sigmoid(sum(products(0, j))), sigmoid(sum(products(1, j))), products(2, j)
            new.append((1 - z) * math.tanh(x_n + r * h_n) + z * h[j])
        h = new
        decays.append(decay)
        states.append(h)
    return decays, states


@each_path
def test_equals_the_papers_equations(path):
    made, inputs = model(), gaps()
    assert 0 < inputs[..., V : 2 * V].mean() < 1 and inputs[..., 2 * V : 3 * V].max() > 1
    begin = torch.randn(4, 1, H).double()
    outputs, (final,) = path(made, inputs, (begin,))
    gates = made.trace(inputs, (begin,))[2][0]
    weights = {name: p.detach().tolist() for name, p in made.named_parameters()}
    for row in range(4):
        decays, states = by_hand(weights, inputs[row], begin[row, 0].tolist())
        close(outputs[row].detach(), float64(states), 1e-12)
        close(final[row, 0].detach(), float64(states[-1]), 1e-12)
        close(gates["decay"][row].detach(), float64(decays), 1e-12)
    assert gates["decay"].min() < 0.5 and gates["decay"].max() == 1


@each_path
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
def test_with_everything_observed_it_is_a_gru_that_reads_values_and_marks(path, layers, lengths):
    """Bit for bit, whatever the weights of the decays."""
    made, inputs = model(layers), gaps()
    inputs[..., V : 2 * V], inputs[..., 2 * V : 3 * V] = 1, 0
    with torch.no_grad():
        made.value_decay_bias.zero_(), made.state_decay.bias.zero_()
    plain = GRU(input_size=2 * V + REST, hidden_size=H, num_layers=layers).double()
    plain.load_state_dict({n: p for n, p in made.state_dict().items() if n.startswith("cells")})
    state = (torch.randn(4, layers, H).double(),)
    plain.train().state_hook = lambda h: h  # step by step, as what cannot be fused
    read = torch.cat([inputs[..., : 2 * V], inputs[..., 3 * V :]], -1)
    close(path(made, inputs, state, lengths), path(plain, read, state, lengths), 0)


def test_what_was_not_seen_for_long_is_forgotten():
    made, inputs = model(), gaps(1, 2)
    with torch.no_grad():
        made.value_decay.fill_(1.0), made.state_decay.weight.fill_(1.0)
    inputs[:, :, V : 2 * V], inputs[:, :, 2 * V : 3 * V] = 0, 1e4
    moved = inputs.clone()
    moved[..., :V] += 1
    begin = made.initial_state(1)
    close(made(inputs, begin), made(moved, (begin[0] + 1,)), 0)


def test_at_first_it_forgets_slowly_and_every_decay_learns():
    torch.manual_seed(1)
    made = GRUD(input_size=3 * V, values=V, hidden_size=H)
    inputs = gaps()[..., : 3 * V].float()
    assert (made.trace(inputs)[2][0]["decay"] >= math.exp(-0.1 * V * 7)).all()
    outputs, _ = made(inputs)
    outputs.square().sum().backward()
    for name in ("value_decay", "value_decay_bias", "state_decay.weight", "state_decay.bias"):
        assert made.get_parameter(name).grad.ne(0).all(), name


def test_layers_above_the_first_are_plain():
    made = model(2)
    gates = made.trace(*[random_inputs(made)[0]])[2]
    assert [sorted(layer) for layer in gates] == [["decay", "h", "n", "r", "z"], ["h", "n", "r", "z"]]
    below = model()
    below.load_state_dict({n: p for n, p in made.state_dict().items() if not n.startswith("cells.1")})
    above = GRU(input_size=H, hidden_size=H).double()
    above.load_state_dict({n.replace("cells.1", "cells.0"): p for n, p in made.state_dict().items() if "cells.1" in n})
    inputs = gaps()
    close(made(inputs)[0], above(below(inputs)[0])[0], 1e-12)


@pytest.mark.parametrize("given", [{"zoneout": 0.3}, {"layer_norm": True}, {"weight_drop": 0.4}])
def test_what_regularises_a_gru_regularises_it(given):
    made, inputs = model(**given).train(), gaps()
    results = []
    for run in (made, lambda *x: made.trace(*x)[:2]):
        torch.manual_seed(3)
        results.append(run(inputs))
    close(*results, 1e-12)
    assert not torch.allclose(results[0][0], GRUD.forward(model_like(made), inputs)[0])


def model_like(other):
    plain = model()
    plain.load_state_dict({n: p for n, p in other.state_dict().items() if not n.startswith("norms")})
    return plain


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"values": 0}, "GRUD: expected values of at least 1, got 0"),
        ({"values": 3}, "GRUD: expected an input_size of at least 3 x 3.* got 8; .*marks: true and since: true"),
        ({"bidirectional": True}, "GRUD: expected one direction, got bidirectional: true"),
    ],
)
def test_what_it_cannot_be_is_refused_in_one_line(given, message):
    with pytest.raises(InputError, match=f"^{message}[^\n]*$"):
        GRUD(**{"input_size": 8, "values": 2, "hidden_size": 4} | given)
