"""torch's stacked modules: the same parameters in the same order give the same numbers."""

from functools import partial

import pytest
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from conformance.architectures import LENGTHS, STACKS, close, each_path, each_stack, make, random_inputs

TORCH = {"LSTM": nn.LSTM, "GRU": nn.GRU, "RNN": nn.RNN, "RNN-relu": partial(nn.RNN, nonlinearity="relu")}
each_torch = pytest.mark.parametrize("cell", TORCH)


def pair(cell, stack):
    model = make(cell, stack)
    theirs = TORCH[cell](3, 5, batch_first=True, **STACKS[stack]).double()
    for mine, weight in zip(model.parameters(), theirs.parameters(), strict=True):
        weight.data.copy_(mine.data)
    return model, theirs


def parts(state):
    """torch's state, (L*D, B, H), as ours: a tuple of (B, L*D, H)."""
    return tuple(part.transpose(0, 1) for part in (state if isinstance(state, tuple) else (state,)))


def call(theirs, inputs, state):
    state = tuple(part.transpose(0, 1).contiguous() for part in state)
    return theirs(inputs, state if len(state) > 1 else state[0])


@each_torch
@each_stack
@each_path
def test_the_same_weights_give_the_same_numbers(cell, stack, path):
    model, theirs = pair(cell, stack)
    inputs, state = random_inputs(model)
    outputs, final = call(theirs, inputs, state)
    close(path(model, inputs, state), (outputs, parts(final)), 1e-12)


@each_torch
@each_stack
@each_path
def test_lengths_equal_packed_sequences(cell, stack, path):
    model, theirs = pair(cell, stack)
    inputs, state = random_inputs(model)
    packed, final = call(theirs, pack_padded_sequence(inputs, LENGTHS, batch_first=True, enforce_sorted=False), state)
    outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=7)
    close(path(model, inputs, state, LENGTHS), (outputs, parts(final)), 1e-12)


@each_torch
@each_stack
def test_parameter_counts(cell, stack):
    model, theirs = pair(cell, stack)
    assert sum(p.numel() for p in model.parameters()) == sum(p.numel() for p in theirs.parameters())
