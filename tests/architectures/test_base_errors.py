"""Errors of every architecture: arguments out of range, and tensors of mismatching shapes."""

import pytest
import torch

from conformance.architectures import each_cell, each_path, make, random_inputs
from unrolled.errors import InputError


@each_cell
@pytest.mark.parametrize(
    ("argument", "value"),
    [("input_size", 0), ("hidden_size", 0), ("num_layers", 0), ("dropout", -0.1), ("dropout", 1.0), ("dropout", 7)],
)
def test_wrong_arguments_are_refused_by_name(cell, argument, value):
    with pytest.raises(InputError, match=rf"{argument}.*got {value}"):
        make(cell, **{argument: value})


def test_another_nonlinearity_is_refused_by_name():
    with pytest.raises(InputError, match="tanh.*relu.*sigmoid"):
        make("RNN", nonlinearity="sigmoid")


@each_cell
@each_path
def test_inputs_of_another_shape_are_refused(cell, path):
    model = make(cell)
    inputs, _ = random_inputs(model)
    for wrong in (inputs[0], inputs[..., :2]):
        with pytest.raises(InputError, match="expected inputs"):
            path(model, wrong)


@each_cell
@each_path
@pytest.mark.parametrize("wrong", ["layers", "batch", "parts"])
def test_a_state_of_another_shape_is_refused(cell, path, wrong):
    model = make(cell)
    state = {
        "layers": make(cell, "stacked").initial_state(4),
        "batch": model.initial_state(1),
        "parts": model.initial_state(4) * 2,
    }[wrong]
    with pytest.raises(InputError, match="expected .* got"):
        path(model, random_inputs(model)[0], state)


@each_cell
@each_path
@pytest.mark.parametrize("rows", [1, 3, 8])
def test_lengths_of_another_batch_are_refused(cell, path, rows):
    model = make(cell)
    with pytest.raises(InputError, match="expected .* got"):
        path(model, random_inputs(model)[0], None, torch.full((rows,), 2))
