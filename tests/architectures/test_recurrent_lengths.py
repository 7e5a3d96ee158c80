"""Sequences of unequal length: padding changes nothing."""

import pytest
import torch

from conformance.architectures import LENGTHS, close, each_cell, each_path, each_stack, gradients, make, random_inputs
from unrolled.errors import InputError

PADDING = ~(torch.arange(7) < LENGTHS[:, None])
CONTENTS = {"zeros": 0.0, "huge": 1e12, "nan": float("nan")}


@each_cell
@each_stack
@each_path
@pytest.mark.parametrize("content", CONTENTS)
def test_the_content_of_padding_changes_no_bit(cell, stack, path, content):
    model = make(cell, stack, dropout=0.3).train()
    inputs, state = random_inputs(model)
    results = []
    for filled in (inputs, inputs.masked_fill(PADDING[..., None], CONTENTS[content])):
        torch.manual_seed(1)
        values = path(model, filled, state, LENGTHS)
        torch.manual_seed(1)
        results.append((values, gradients(path, model, filled, state, LENGTHS)))
    close(*results, 0)
    assert not results[1][0][0][PADDING].any(), "outputs on padding"
    assert not results[1][1][0][PADDING].any(), "gradient of padding"


@each_path
def test_a_network_that_explodes_on_padding_has_finite_gradients(path):
    model = make("RNN-relu", scale=3.0).float()
    inputs, _ = random_inputs(model, batch=2, time=200)
    state, lengths = model.initial_state(2), torch.tensor([3, 3])
    close(gradients(path, model, inputs, state, lengths)[1:], gradients(path, model, inputs[:, :3], state)[1:], 1e-5)


@each_cell
@each_stack
@each_path
def test_a_row_with_padding_equals_the_row_alone(cell, stack, path):
    model = make(cell, stack)
    inputs, state = random_inputs(model)
    outputs, final = path(model, inputs, state, LENGTHS)
    together = gradients(path, model, inputs, state, LENGTHS)
    parts = len(state)
    sums = [torch.zeros_like(parameter) for parameter in model.parameters()]
    for b, n in enumerate(LENGTHS.tolist()):
        row, begin = inputs[b : b + 1, :n], tuple(part[b : b + 1] for part in state)
        close((outputs[b : b + 1, :n], tuple(part[b : b + 1] for part in final)), path(model, row, begin), 1e-12)
        of_row, *rest = gradients(path, model, row, begin)
        mine = [together[0][b : b + 1, :n], *(g[b : b + 1] for g in together[1 : 1 + parts])]
        close(mine, [of_row, *rest[:parts]], 1e-11)
        sums = [total + g for total, g in zip(sums, rest[parts:], strict=True)]
    close(together[1 + parts :], sums, 1e-11)


@each_cell
def test_the_gates_of_a_row_are_those_of_the_row_alone(cell):
    model = make(cell, "both")
    inputs, state = random_inputs(model)
    gates = model.trace(inputs, state, LENGTHS)[2]
    for b, n in enumerate(LENGTHS.tolist()):
        alone = model.trace(inputs[b : b + 1, :n], tuple(part[b : b + 1] for part in state))[2]
        close([{name: gate[b : b + 1, :n] for name, gate in layer.items()} for layer in gates], alone, 1e-12)


@each_cell
@each_stack
@each_path
def test_the_order_of_the_batch_changes_nothing(cell, stack, path):
    model = make(cell, stack)
    inputs, state = random_inputs(model)
    order = torch.tensor([2, 0, 3, 1])
    shuffled = inputs[order], tuple(part[order] for part in state), LENGTHS[order]
    outputs, final = path(model, inputs, state, LENGTHS)
    close(path(model, *shuffled), (outputs[order], tuple(part[order] for part in final)), 1e-12)
    before, after = gradients(path, model, inputs, state, LENGTHS), gradients(path, model, *shuffled)
    moved = 1 + len(state)  # the inputs' gradient and the state's have rows, the weights' have not
    close(after, [g[order] for g in before[:moved]] + before[moved:], 1e-11)


@each_cell
@each_path
def test_full_lengths_equal_none(cell, path):
    model = make(cell, "both")
    inputs, state = random_inputs(model)
    close(path(model, inputs, state, torch.full((4,), 7)), path(model, inputs, state), 1e-12)


@each_cell
@each_path
@pytest.mark.parametrize(("row", "length"), [(0, 0), (2, 8), (3, -1)])
def test_a_wrong_length_is_refused_by_its_row(cell, path, row, length):
    model = make(cell)
    inputs, state = random_inputs(model)
    lengths = LENGTHS.clone()
    lengths[row] = length
    with pytest.raises(InputError, match=rf"\brow {row}\b.*1 to 7.*got {length}$") as caught:
        path(model, inputs, state, lengths)
    assert "\n" not in str(caught.value)
