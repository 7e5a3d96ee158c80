"""The influence-balancing network against its definition in numpy and against closed forms."""

import numpy as np
import pytest
import torch

from unrolled.architectures import InfluenceNetwork
from unrolled.errors import InputError
from unrolled.functional.state import detach


def network(theta=0.3, **given):
    made = InfluenceNetwork(**given).double()
    with torch.no_grad():
        made.theta.fill_(theta)
    return made


def by_hand(theta, steps, units, positive, s):
    """s_t = A s_{t-1} + theta b, entry by entry of A."""
    a = np.zeros((units, units))
    for i in range(units):
        a[i, i] = 0.5
        if i + 1 < units:
            a[i, i + 1] = 0.5
    b = np.array([1.0] * positive + [-1.0] * (units - positive))
    states = []
    for _ in range(steps):
        s = a @ s + theta * b
        states.append(s)
    return np.stack(states)


@pytest.mark.parametrize(("units", "positive"), [(23, 10), (13, 5), (4, 4), (1, 1), (2, 2)])
def test_equals_the_definition(units, positive):
    begin = torch.randn(3, units, dtype=torch.float64)
    outputs, (final,) = network(units=units, positive=positive)(torch.randn(3, 9, 1), (begin,))
    for row in range(3):
        states = by_hand(0.3, 9, units, positive, begin[row].numpy())
        np.testing.assert_allclose(outputs[row, :, 0].detach().numpy(), states[:, 0], rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(final[row].detach().numpy(), states[-1], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("units", "positive"), [(23, 10), (13, 5), (6, 5)])
def test_the_first_unit_rests_at_one_where_it_is_said(units, positive):
    best = 1 / (2 * (positive - (units - positive)))
    outputs, _ = network(best, units=units, positive=positive)(torch.zeros(1, 400, 1))
    assert float(outputs[0, -1, 0].detach()) == pytest.approx(1.0, rel=1e-12)


def test_a_gradient_that_is_cut_short_has_the_wrong_sign():
    """Of the first unit by theta: 1 within one step, at rest 2 (p - (n - p)) = -6, and above 0 for many steps."""
    made = network()
    state = made.initial_state(1)
    _, state = made(torch.zeros(1, 600, 1), state)  # at rest

    def slope(window):
        outputs, _ = made(torch.zeros(1, window, 1), detach(state))
        (gradient,) = torch.autograd.grad(outputs[0, -1, 0], made.theta)
        return float(gradient)

    assert slope(1) == 1.0
    assert all(slope(window) > 0 for window in (2, 5, 10, 20, 30))
    assert slope(600) == pytest.approx(-6.0, rel=1e-12)


def test_reading_on_from_a_state_is_reading_at_once_and_inputs_play_no_part():
    made = network(input_size=2)
    whole, end = made(torch.randn(3, 9, 2))
    first, state = made(torch.randn(3, 4, 2))
    second, final = made(torch.randn(3, 5, 2), state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=0)
    torch.testing.assert_close(final, end, rtol=0, atol=0)


def test_gradcheck():
    made = network(units=5, positive=2)
    begin = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)

    def run(theta, begin):
        outputs, (final,) = torch.func.functional_call(made, {"theta": theta}, (torch.zeros(2, 4, 1), (begin,)))
        return outputs.square().sum() + final.sum()

    assert torch.autograd.gradcheck(run, (made.theta, begin))


def test_lengths_stop_each_row_at_its_own_last_step():
    made, lengths = network(units=5, positive=2), torch.tensor([3, 7, 1])
    outputs, (final,) = made(torch.zeros(3, 7, 1), None, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, (state,) = made(torch.zeros(1, length, 1))
        assert torch.equal(outputs[row, :length], alone[0]) and not outputs[row, length:].any()
        assert torch.equal(final[row], state[0])


def test_what_every_new_state_goes_through_sees_its_whole_gradient():
    made, seen = network(units=5, positive=2).train(), []

    def state_hook(s):
        s.register_hook(seen.append)
        return s

    made.state_hook = state_hook
    outputs, _ = made(torch.zeros(1, 3, 1))
    outputs.sum().backward()
    expected = torch.zeros(5, dtype=torch.float64)
    for gradient in seen:  # from the last step to the first: e_1 + A^T of the later one
        expected = made.chain @ expected + torch.eye(5, dtype=torch.float64)[0]
        torch.testing.assert_close(gradient[0], expected, rtol=1e-14, atol=0)
    assert len(seen) == 3
    made.eval()(torch.zeros(1, 3, 1))
    assert len(seen) == 3


def test_its_one_parameter_is_drawn_around_zero_from_the_seed():
    torch.manual_seed(3)
    drawn = torch.stack([InfluenceNetwork().theta.detach() for _ in range(2000)])
    torch.manual_seed(3)
    assert torch.equal(InfluenceNetwork().theta.detach(), drawn[0])
    assert abs(float(drawn.mean())) < 0.01 and float(drawn.std()) == pytest.approx(0.1, rel=0.1)
    assert [name for name, _ in InfluenceNetwork().state_dict().items()] == ["theta"]


@pytest.mark.parametrize(("positive", "message"), [(0, "got 0"), (24, "got 24"), (-1, "got -1")])
def test_wrong_numbers_of_units_are_refused(positive, message):
    with pytest.raises(InputError, match=f"positive from 1 to 23 units, {message}"):
        InfluenceNetwork(positive=positive)
    with pytest.raises(InputError, match="other than half of 8 units, got 4"):
        InfluenceNetwork(units=8, positive=4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((torch.zeros(2, 3),), r"inputs \(B, T, 1\)"),
        ((torch.zeros(2, 3, 2),), r"inputs \(B, T, 1\)"),
        ((torch.zeros(2, 0, 1),), "of at least 1 time step"),
        ((torch.zeros(2, 3, 1), (torch.zeros(2, 5),)), r"state of \[\(2, 23\)\].* got \[\(2, 5\)\]"),
        ((torch.zeros(2, 3, 1), None, torch.tensor([3])), "for each of 2 rows"),
        ((torch.zeros(2, 3, 1), None, torch.tensor([3, 4])), "row 1: expected a length from 1 to 3 time steps, got 4"),
        ((torch.zeros(2, 3, 1), None, torch.tensor([0, 3])), "row 0: .* got 0"),
    ],
    ids=str,
)
def test_tensors_that_do_not_fit_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        InfluenceNetwork()(*given)
