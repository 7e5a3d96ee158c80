"""`state_hook`: a training pass step by step that applies a function to every new state.

Shapes: B batch, T time, H hidden, L layers, D directions.
"""

import copy
import pickle

import pytest
import torch

from conformance.architectures import (
    LENGTHS,
    STACKS,
    close,
    each_cell,
    each_stack,
    forward,
    gradients,
    make,
    random_inputs,
)

each_length = pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])


class Passing:
    """Adds `moved[k]` to the k-th state that comes, or nothing; remembers the states."""

    def __init__(self, moved=None):
        self.moved, self.states = moved or {}, []

    def __call__(self, state):
        state = state + self.moved.get(len(self.states), 0)
        self.states.append(state)
        return state


def layers(stack):
    return STACKS[stack].get("num_layers", 1) * (1 + STACKS[stack].get("bidirectional", False))


@each_cell
@each_stack
@each_length
def test_the_numbers_are_those_of_the_fused_call(cell, stack, lengths):
    model = make(cell, stack, dropout=0.3).train()
    inputs, state = random_inputs(model)
    results = []
    for through in (None, Passing()):
        model.state_hook = through
        torch.manual_seed(1)
        values = model(inputs, state, lengths)
        torch.manual_seed(1)
        results.append((values, gradients(forward, model, inputs, state, lengths)))
    close(results[1][0], results[0][0], 1e-12)
    close(results[1][1], results[0][1], 1e-11)
    assert len(model.state_hook.states) == 2 * 7 * layers(stack) * len(state)


@each_cell
@each_stack
@each_length
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_dropout_behind_the_outputs_draws_the_same_mask(cell, stack, lengths, dtype):
    """It draws in the order of the outputs in memory."""
    model, masks = make(cell, stack).to(dtype).train(), []
    inputs, state = random_inputs(model)
    for model.state_hook in (None, Passing()):
        outputs = model(inputs, state, lengths)[0]
        torch.manual_seed(1)
        masks.append(torch.nn.functional.dropout(torch.ones_like(outputs)))
    assert torch.equal(*masks)


@each_cell
@each_stack
def test_every_part_of_every_new_state_goes_through_once(cell, stack):
    model = make(cell, stack).train()
    inputs, state = random_inputs(model)
    named = model.trace(inputs, state)[2]
    model.state_hook = Passing()
    model(inputs, state)
    came = iter(model.state_hook.states)
    for k, gates in enumerate(named):
        backward = STACKS[stack].get("bidirectional", False) and k % 2
        for t in range(6, -1, -1) if backward else range(7):
            for part in ("c", "h")[2 - len(state) :]:
                close(next(came), gates[part][:, t], 1e-12)
    assert not list(came)


@each_cell
@each_stack
@each_length
def test_what_flows_back_is_the_whole_derivative(cell, stack, lengths):
    """Of outputs and final state; by moving one state a little, before anything reads it."""
    model = make(cell, stack).train()
    inputs, state = random_inputs(model)

    def loss(moved=None):
        model.state_hook = Passing(moved)
        outputs, final = model(inputs, state, lengths)
        return sum((part + part**2).sum() for part in (outputs, *final))

    whole = loss()
    states = model.state_hook.states
    assert len(states) == 7 * layers(stack) * len(state)
    for part in states:
        part.retain_grad()
    whole.backward()
    for k in range(0, len(states), 1 + len(states) // 9):
        direction = torch.randn_like(states[k])
        slope = (loss({k: 1e-5 * direction}) - loss({k: -1e-5 * direction})) / 2e-5
        assert float((states[k].grad * direction).sum()) == pytest.approx(float(slope.detach()), rel=1e-6, abs=1e-8)


@each_cell
def test_it_is_used_in_training_passes_that_record_gradients_alone(cell):
    model = make(cell, "both", dropout=0.3)
    inputs, state = random_inputs(model)
    plain = copy.deepcopy(model)
    model.state_hook = Passing()
    close(model.eval()(inputs, state), plain.eval()(inputs, state), 0)
    model.train(), plain.train()
    with torch.no_grad():
        torch.manual_seed(1)
        fused = model(inputs, state)
        torch.manual_seed(1)
        close(fused, plain(inputs, state), 0)
    torch.manual_seed(1)
    traced = model.trace(inputs, state)
    torch.manual_seed(1)
    close(traced, plain.trace(inputs, state), 0)
    assert not model.state_hook.states
    model(inputs, state)
    assert model.state_hook.states


@each_cell
def test_copies_pickles_and_functional_calls_go_on_working(cell):
    model = make(cell, "both").train()
    inputs, state = random_inputs(model)
    names = list(model.state_dict())
    model.state_hook = Passing({3: torch.ones(4, 5, dtype=torch.float64)})
    assert list(model.state_dict()) == names
    expected = copy.deepcopy(model)(inputs, state)
    close(pickle.loads(pickle.dumps(model))(inputs, state), expected, 0)  # noqa: S301
    halves = {name: (p.detach() / 2).requires_grad_() for name, p in model.named_parameters()}
    swapped = torch.func.functional_call(model, halves, (inputs, state))
    assert len(model.state_hook.states) == 7 * 4 * len(state)
    found = torch.autograd.grad(swapped[0].sum(), list(halves.values()))
    assert all(gradient.any() for gradient in found)
    model.state_hook.states = []
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.div_(2)
    close(swapped, model(inputs, state), 0)


@each_cell
def test_backward_takes_time_in_proportion_to_the_length(cell):
    """No node of the graph holds a tensor of all T steps for each of the T steps."""
    model = make(cell).train()
    model.state_hook = Passing()
    inputs = torch.randn(2, 50, model.input_size, dtype=torch.float64, requires_grad=True)
    outputs, _ = model(inputs)
    seen, waiting, wide = set(), [outputs.grad_fn], 0
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        wide += node.name() in ("SelectBackward0", "SliceBackward0", "IndexBackward0")
        waiting += [following for following, _ in node.next_functions]
    assert wide <= 4
