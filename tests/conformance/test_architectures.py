"""The contract of a recurrent architecture, for every cell."""

import pytest
import torch

from conformance.architectures import (
    CELLS,
    LENGTHS,
    STACKS,
    close,
    each_cell,
    each_path,
    each_stack,
    forward,
    gradients,
    make,
    random_inputs,
    trace,
)
from unrolled import architectures
from unrolled.architectures.recurrent import Recurrent


def test_every_exported_cell_is_in_the_kit():
    cells = {name for name in architectures.__all__ if issubclass(getattr(architectures, name), Recurrent)}
    assert cells == {name.partition("-")[0] for name in CELLS}


@each_cell
@each_stack
@each_path
def test_shapes(cell, stack, path):
    model = make(cell, stack)
    inputs, _ = random_inputs(model)
    layers, directions = STACKS[stack].get("num_layers", 1), 1 + STACKS[stack].get("bidirectional", False)
    outputs, final = path(model, inputs)
    assert outputs.shape == (4, 7, directions * 5) and outputs.shape[-1] == model.output_size
    for part in (*model.initial_state(4), *final):
        assert part.shape == (4, layers * directions, 5) and part.dtype == torch.float64


@each_cell
@each_path
def test_no_state_is_the_initial_state_and_the_initial_state_is_zero(cell, path):
    model = make(cell, "both")
    inputs, _ = random_inputs(model)
    assert not any(part.any() for part in model.initial_state(4))
    close(path(model, inputs), path(model, inputs, model.initial_state(4)), 0)


@each_cell
@each_stack
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
@pytest.mark.parametrize("given", [False, True], ids=["no state", "state"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)], ids=["f64", "f32"])
def test_the_fused_path_equals_the_reference(cell, stack, lengths, given, dtype, tolerance):
    model = make(cell, stack, dropout=0.3).to(dtype).train()
    inputs, state = random_inputs(model)
    results = []
    for path in (forward, trace):
        torch.manual_seed(1)
        results.append(path(model, inputs, state if given else None, lengths))
    close(*results, tolerance)


@each_cell
@each_stack
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
def test_the_gradients_of_both_paths_are_equal(cell, stack, lengths):
    model = make(cell, stack, dropout=0.3).train()
    inputs, state = random_inputs(model)
    results = []
    for path in (forward, trace):
        torch.manual_seed(1)
        results.append(gradients(path, model, inputs, state, lengths))
    close(*results, 1e-11)


@each_cell
@each_path
@pytest.mark.parametrize("stack", ["one layer", "stacked"])
@pytest.mark.parametrize("at", [1, 3, 6])
def test_a_sequence_in_two_calls_equals_one(cell, path, stack, at):
    model = make(cell, stack)
    inputs, state = random_inputs(model)
    whole, final = path(model, inputs, state)
    first, handed_on = path(model, inputs[:, :at], state)
    second, last = path(model, inputs[:, at:], handed_on)
    close((torch.cat([first, second], 1), last), (whole, final), 1e-12)


@each_cell
@each_stack
@each_path
def test_the_gradient_through_a_given_state_is_the_finite_difference(cell, stack, path):
    model = make(cell, stack)
    inputs, state = random_inputs(model)
    found = gradients(path, model, inputs, state)[1 : 1 + len(state)]
    direction, step = [torch.randn_like(part) for part in state], 1e-6

    @torch.no_grad()
    def loss(sign: int) -> float:
        moved = tuple(part + sign * step * d for part, d in zip(state, direction, strict=True))
        outputs, final = path(model, inputs, moved)
        return float(sum((part + part**2).sum() for part in (outputs, *final)))

    slope = sum(float((g * d).sum()) for g, d in zip(found, direction, strict=True))
    assert slope == pytest.approx((loss(1) - loss(-1)) / (2 * step), rel=1e-6)
    assert all(part.abs().sum((0, 2)).gt(0).all() for part in found), "a layer whose state gets no gradient"


@each_cell
@each_stack
def test_the_reference_names_every_gate(cell, stack):
    model = make(cell, stack)
    inputs, state = random_inputs(model)
    outputs, final, gates = model.trace(inputs, state)
    top = gates[-(outputs.shape[-1] // 5) :]  # of each direction in the last layer
    assert len(gates) == final[0].shape[1]
    assert all(gate.shape == (4, 7, 5) for layer in gates for gate in layer.values())
    close(torch.cat([layer["h"] for layer in top], -1), outputs, 0)
