"""Omega against its formula with full Jacobians, closed forms, and finite differences.  B batch, T time, H hidden."""

import pytest
import torch
from torch import nn

from conformance.references.cells import STEPS
from conformance.references.penalty import errors
from conformance.references.penalty import omega as by_hand
from unrolled.architectures import GRU, LSTM, RNN
from unrolled.functional.penalties import omega, read_segments, transitions

MAKE = {"RNN": RNN, "GRU": GRU, "LSTM": LSTM}
B, T, F, H = 3, 6, 4, 5
each_cell = pytest.mark.parametrize("cell", STEPS)


def model_of(cell, layers=1):
    torch.manual_seed(1)
    model = MAKE[cell](input_size=F, hidden_size=H, num_layers=layers).double()
    for p in model.parameters():
        nn.init.uniform_(p, -0.6, 0.6)
    return model


def advance_of(model):
    def advance(x, state):
        outputs, state, _ = model.trace(x, state)
        return outputs, state

    return advance


def readout(hidden):
    """A loss whose gradient at the outputs depends on them; none at the first two steps."""
    return (hidden[:, 2:] ** 3).sum() + hidden[:, -1].sin().sum()


def steps_of(model, x, splits=(T,), resets=None):
    """The transitions of a window of x that is read in calls of these lengths."""
    state = model.initial_state(len(x))
    hidden = model(x, state)[0].detach().requires_grad_()
    (direct,) = torch.autograd.grad(readout(hidden), hidden)
    resets = torch.zeros(len(x), T, dtype=torch.bool) if resets is None else resets
    calls = [(piece, state) for piece in x.split(splits, 1)]
    return transitions(advance_of(model), read_segments(calls, resets, torch.float64), direct)


@each_cell
@pytest.mark.parametrize("splits", [(T,), (2, 1, 3)], ids=["one call", "three calls"])
def test_it_is_the_papers_formula(cell, splits):
    model, x = model_of(cell), torch.randn(B, T, F, dtype=torch.float64)
    w = dict(model.cells[0].named_parameters())
    states, found = errors(cell, w, x, readout)
    made = steps_of(model, x, splits)
    for t, step in enumerate(made):  # the error after step t, and the state before it
        error = torch.cat([part[:, 0] for part in step.error], 1)
        torch.testing.assert_close(error, found[t], rtol=0, atol=1e-13)
        if t:
            state = torch.cat([part[:, 0] for part in step.state], 1)
            torch.testing.assert_close(state, states[t - 1], rtol=0, atol=1e-13)
    value, expected = omega(advance_of(model), made) / B, by_hand(cell, w, x, states, found)
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=0)
    mine, theirs = (torch.autograd.grad(total, [*w.values()]) for total in (value, expected))
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12 * float(b.abs().max()))


@each_cell
@pytest.mark.parametrize("layers", [1, 2])
def test_its_gradient_is_the_finite_difference_of_its_formula(cell, layers):
    """The states and the errors stay what they were, as the paper has it."""
    model, x = model_of(cell, layers), torch.randn(B, T, F, dtype=torch.float64)
    made = steps_of(model, x)
    parameters = [*model.parameters()]
    found = torch.autograd.grad(omega(advance_of(model), made), parameters)
    assert all(g.abs().max() > 0 for g, (name, _) in zip(found, model.named_parameters(), strict=True) if "hh" in name)
    directions = [torch.randn_like(p) for p in parameters]
    slope = sum(float((g * d).sum()) for g, d in zip(found, directions, strict=True))
    values, size = [], 1e-6
    for sign in (1, -2):
        for p, d in zip(parameters, directions, strict=True):
            p.data += sign * size * d
        values.append(float(omega(advance_of(model), made).detach()))
    assert slope == pytest.approx((values[0] - values[1]) / (2 * size), rel=1e-6)


def test_a_linear_chain_in_closed_form():
    """One rectified unit, always on: each of T - 1 transitions changes the error by w."""
    model = RNN(input_size=1, hidden_size=1, nonlinearity="relu").double()
    for p in model.parameters():
        nn.init.zeros_(p)
    nn.init.ones_(model.cells[0].weight_ih_l0)
    for w in (0.5, 1.0, 1.75):
        nn.init.constant_(model.cells[0].weight_hh_l0, w)
        value = omega(advance_of(model), steps_of(model, torch.ones(B, T, 1, dtype=torch.float64)))
        assert float(value.detach()) == pytest.approx(B * (T - 1) * (w - 1) ** 2, abs=1e-12)


def test_no_error_goes_past_the_start_of_a_sequence():
    """A sequence that is reset equals two sequences."""
    model, x = model_of("LSTM"), torch.randn(1, T, F, dtype=torch.float64)
    resets = torch.zeros(1, T, dtype=torch.bool)
    resets[0, 3] = True
    made = steps_of(model, x, (3, 3), resets)
    assert [bool(step.counts) for step in made] == [False, True, True, False, True, True]
    assert made[2].error[1].abs().max() == 0, "c at the end of the first sequence hears nothing from the second"


def test_an_error_that_has_all_but_vanished_still_counts_and_none_does_not():
    model, x = model_of("RNN"), torch.randn(B, T, F, dtype=torch.float64)
    made = steps_of(model, x)
    tiny = [step._replace(error=tuple(part * 1e-200 for part in step.error)) for step in made]
    torch.testing.assert_close(omega(advance_of(model), tiny), omega(advance_of(model), made), rtol=1e-9, atol=0)
    none = [step._replace(error=tuple(part * 0 for part in step.error)) for step in made]
    total = omega(advance_of(model), none)
    assert float(total.detach()) == 0 and all(not g.any() for g in torch.autograd.grad(total, [*model.parameters()]))
