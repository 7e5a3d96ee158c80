"""Gradients and gradients of gradients against finite differences, float64."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from conformance.architectures import each_cell, forward, make, random_inputs, trace

each_shape = pytest.mark.parametrize("shape", [{}, {"num_layers": 2, "bidirectional": True}], ids=["one layer", "both"])
each_length = pytest.mark.parametrize("lengths", [None, torch.tensor([2, 3])], ids=["full", "lengths"])


def arguments(cell, shape, lengths, path):
    """(function, tensors): outputs and final state as a function of the inputs, the given state and every weight."""
    model = make(cell, input_size=2, hidden_size=2, **shape)
    inputs, state = random_inputs(model, batch=2, time=3)
    names, weights = zip(*model.named_parameters(), strict=True)

    class Path(torch.nn.Module):
        """functional_call reaches `forward` alone."""

        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *given):
            return path(self.model, *given)

    def function(inputs, *rest):
        begin, values = rest[: len(state)], rest[len(state) :]
        replaced = {f"model.{name}": value for name, value in zip(names, values, strict=True)}
        outputs, final = torch.func.functional_call(Path(), replaced, (inputs, begin, lengths))
        return outputs, *final

    return function, [t.detach().clone().requires_grad_() for t in (inputs, *state, *weights)]


@each_cell
@each_shape
@each_length
@pytest.mark.parametrize("path", [forward, trace])
def test_gradients(cell, shape, lengths, path):
    assert gradcheck(*arguments(cell, shape, lengths, path))


@each_cell
@each_length
def test_gradients_of_gradients(cell, lengths):
    assert gradgradcheck(*arguments(cell, {}, lengths, trace))


@each_cell
def test_gradients_of_gradients_of_a_stack(cell):
    function, tensors = arguments(cell, {"num_layers": 2, "bidirectional": True}, torch.tensor([2, 3]), trace)
    assert gradgradcheck(function, tensors, fast_mode=True)
