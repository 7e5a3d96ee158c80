"""Every gate by name equals the equation in the cell's docstring, written out here in numpy.

Shapes: B batch, T time, H hidden, G rows of gates (4 H in an LSTM, 3 H in a GRU).
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from conformance.architectures import CELLS, close, each_stack, make, random_inputs


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def products(weights, x, h):
    """W_i x + b_i and W_h h + b_h, each (gate, B, H), in the order of the rows of torch's weights."""
    w_ih, w_hh, b_ih, b_hh = (w.reshape(-1, h.shape[-1], *w.shape[1:]) for w in weights)
    return np.einsum("ghf,bf->gbh", w_ih, x) + b_ih[:, None], np.einsum("ghk,bk->gbh", w_hh, h) + b_hh[:, None]


def lstm(weights, x, h, c):
    xs, hs = products(weights, x, h)
    i, f, o = (sigmoid(xs[k] + hs[k]) for k in (0, 1, 3))
    g = np.tanh(xs[2] + hs[2])
    c = f * c + i * g
    return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": o * np.tanh(c)}


def gru(weights, x, h):
    xs, hs = products(weights, x, h)
    r, z = sigmoid(xs[0] + hs[0]), sigmoid(xs[1] + hs[1])
    n = np.tanh(xs[2] + r * hs[2])
    return {"r": r, "z": z, "n": n, "h": (1 - z) * n + z * h}


def rnn(weights, x, h):
    xs, hs = products(weights, x, h)
    return {"h": np.tanh(xs[0] + hs[0])}


def rnn_relu(weights, x, h):
    xs, hs = products(weights, x, h)
    return {"h": np.maximum(xs[0] + hs[0], 0)}


EQUATIONS = {"LSTM": lstm, "GRU": gru, "RNN": rnn, "RNN-relu": rnn_relu}

# Cells and variants whose weights do not fit the loop below, and the test that writes their equations out.
ELSEWHERE = {
    "GRUD": "test_gru_d.py::test_equals_the_papers_equations",
    "RecurrentConv": "test_recurrent_conv.py::test_equals_its_equations",
    "LSTM-layer-norm": "test_recurrent_regularization.py::test_equals_single_steps_by_hand",
    "GRU-layer-norm": "test_recurrent_regularization.py::test_equals_single_steps_by_hand",
    "RNN-layer-norm": "test_recurrent_regularization.py::test_equals_single_steps_by_hand",
}


def test_the_equations_of_every_cell_are_written_out():
    assert not EQUATIONS.keys() & ELSEWHERE.keys()
    assert EQUATIONS.keys() | ELSEWHERE.keys() == CELLS.keys()
    for test in ELSEWHERE.values():
        file, _, function = test.partition("::")
        assert f"\ndef {function}(" in (Path(__file__).parent / file).read_text(encoding="utf-8"), test


def written_out(equation, weights, x, state):
    """One layer in one direction over x (B, T, F): every gate by name, (B, T, H), and the final state."""
    steps = []
    for t in range(x.shape[1]):
        steps.append(equation(weights, x[:, t], *state))
        state = [steps[-1][name] for name in "hc"[: len(state)]]
    return {name: np.stack([gates[name] for gates in steps], 1) for name in steps[0]}, state


@each_stack
@pytest.mark.parametrize("cell", EQUATIONS)
def test_every_gate_equals_its_equation(cell, stack):
    model = make(cell, stack)
    inputs, state = random_inputs(model)
    outputs, final, gates = model.trace(inputs, state)
    parameters = [p.detach().numpy() for p in model.parameters()]
    directions, x = outputs.shape[-1] // 5, inputs.numpy()
    for layer in range(len(gates) // directions):
        hidden = []
        for k in range(layer * directions, (layer + 1) * directions):
            turn = slice(None, None, -1 if k % directions else 1)
            weights, begin = parameters[4 * k : 4 * k + 4], [part[:, k].numpy() for part in state]
            named, end = written_out(EQUATIONS[cell], weights, x[:, turn], begin)
            expected = {name: torch.from_numpy(gate[:, turn].copy()) for name, gate in named.items()}
            close({name: gate.detach() for name, gate in gates[k].items()}, expected, 1e-12)
            close([part[:, k].detach().numpy() for part in final], end, 1e-12)
            hidden.append(named["h"][:, turn])
        x = np.concatenate(hidden, -1)
    close(outputs.detach().numpy(), x, 1e-12)
