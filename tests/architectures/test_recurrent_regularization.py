"""Variational dropout, weight drop, zoneout and layer norm, against loops of single steps under the same masks."""

import copy
import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call

from conformance.architectures import (
    LENGTHS,
    close,
    each_path,
    forward,
    gradients,
    make,
    random_inputs,
    trace,
)
from conformance.references.regularized_cells import by_hand, drawn_zones
from unrolled.architectures.dropout_masks import Masks, release_dropout_masks, renew_dropout_masks
from unrolled.errors import InputError

VARIATIONAL = {"variational_input": 0.3, "variational_dropout": 0.4, "variational_output": 0.5}
WAYS = {
    "variational": VARIATIONAL,
    "weight drop": {"weight_drop": 0.5},
    "zoneout": {"zoneout": 0.3},
    "layer norm": {"layer_norm": True},
    "all": {**VARIATIONAL, "weight_drop": 0.5, "zoneout": 0.3, "layer_norm": True},
}
each_way = pytest.mark.parametrize("way", WAYS)
each_cell = pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN"])
each_length = pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])


def expected(cell, model, inputs, state, lengths, seed=3):
    """By hand, with the masks that `model` holds and the zones that a seed draws, or their expectation."""
    masks = {str(key[0]): mask for key, mask in model.masks.cache.items()} if model.training else {}
    shape, zoneouts = (*inputs.shape[:2], model.hidden_size), [*model.zoneouts]
    if model.training:
        zones = drawn_zones(shape, len(model.cells), zoneouts, seed)
    else:
        zones = lambda k, part, t: torch.full(shape[::2], zoneouts[part], dtype=inputs.dtype)  # noqa: E731
    named, directions = dict(model.named_parameters()), model.directions
    return by_hand(cell, named, inputs, [*state], masks=masks, zones=zones, directions=directions, lengths=lengths)


def used(model, way):
    """The names of the masks that a way has."""
    variational = {"inputs", "outputs", *(f"outputs of layer {k}" for k in range(1, model.num_layers))}
    dropped = {f"weights of cell {k}" for k in range(len(model.cells))}
    return {"variational": variational, "weight drop": dropped, "all": variational | dropped}.get(way, set())


def seeded(path, model, *arguments, seed=3):
    torch.manual_seed(seed)
    return path(model, *arguments)


@each_cell
@pytest.mark.parametrize("stack", ["one layer", "both"])
@each_way
@each_length
@each_path
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_equals_single_steps_by_hand(cell, stack, way, lengths, path, training):
    model = make(cell, stack, **WAYS[way]).train(training)
    renew_dropout_masks(model)
    inputs, state = random_inputs(model)
    outputs, final = seeded(path, model, inputs, state, lengths)
    wanted, last = expected(cell, model, inputs, state, lengths)
    close(outputs, wanted, 1e-12)
    close([*final], last, 1e-12)
    assert {str(key[0]) for key in model.masks.cache} == (used(model, way) if training else set())


@each_cell
@each_way
@each_length
def test_gradients_equal_those_of_the_loop_by_hand(cell, way, lengths):
    model = make(cell, "both", **WAYS[way]).train()
    renew_dropout_masks(model)
    inputs, state = random_inputs(model)
    found = seeded(gradients, forward, model, inputs, state, lengths)
    wanted = gradients(lambda model, *given: expected(cell, model, *given), model, inputs, state, lengths)
    close(found, wanted, 1e-11)


def test_an_lstm_keeps_its_cell_with_a_probability_of_its_own():
    model = make("LSTM", "stacked", zoneout=0.1, zoneout_cell=0.6).train()
    assert model.zoneouts == (0.1, 0.6)
    inputs, state = random_inputs(model)
    for model.training in (True, False):
        outputs, final = seeded(forward, model, inputs, state)
        wanted, last = expected("LSTM", model, inputs, state, None)
        close((outputs, [*final]), (wanted, last), 1e-12)
    assert make("LSTM", zoneout=0.2).zoneouts == (0.2, 0.2)
    assert make("LSTM", zoneout=0.2, zoneout_cell=0.0).zoneouts == (0.2, 0.0)


@each_cell
@each_path
def test_at_zero_not_a_bit_and_no_random_number_differs(cell, path):
    nothing = dict.fromkeys(["weight_drop", "zoneout", *VARIATIONAL], 0.0)
    torch.manual_seed(0)
    model = make(cell, "both", layer_norm=False, **nothing).train()
    torch.manual_seed(0)
    plain = make(cell, "both").train()
    assert model.state_dict().keys() == plain.state_dict().keys()
    inputs, state = random_inputs(plain)
    before = torch.get_rng_state()
    renew_dropout_masks(model)
    close(path(model, inputs, state), path(plain, inputs, state), 0)
    close(gradients(path, model, inputs, state), gradients(path, plain, inputs, state), 0)
    assert torch.equal(before, torch.get_rng_state())


@each_cell
@each_path
@pytest.mark.parametrize("way", ["variational", "weight drop"])
def test_masks_are_off_in_evaluation(cell, path, way):
    model, plain = make(cell, "both", **WAYS[way]), make(cell, "both")
    plain.load_state_dict(model.state_dict())
    inputs, state = random_inputs(model)
    close(path(model.eval(), inputs, state), path(plain.eval(), inputs, state), 0)
    assert not torch.equal(path(model.train(), inputs, state)[0], path(plain, inputs, state)[0])


@each_cell
@pytest.mark.parametrize("way", ["variational", "weight drop"])
def test_masks_keep_the_fused_call(cell, way, monkeypatch):
    model = make(cell, "both", **WAYS[way]).train()
    monkeypatch.setattr(type(model), "_steps", None)
    renew_dropout_masks(model)
    model(random_inputs(model)[0])
    model.eval()(random_inputs(model)[0])


@each_cell
@pytest.mark.parametrize("way", ["variational", "weight drop"])
def test_hooks_of_the_cells_meet_what_they_say(cell, way):
    """As the search for the first bad module needs it."""
    model, met = make(cell, "stacked", **WAYS[way]).train(), []
    for module in model.cells:
        module.register_forward_hook(lambda module, given, made: met.append(module))
    model(random_inputs(model)[0])
    assert met == [*model.cells]


@each_cell
@each_way
@each_path
def test_a_seed_decides_every_number(cell, way, path):
    model = make(cell, "both", **WAYS[way]).train()
    inputs, state = random_inputs(model)
    first, again, other = (seeded(path, model, inputs, state, seed=seed) for seed in (1, 1, 2))
    close(first, again, 0)
    assert torch.equal(first[0], other[0]) == (way == "layer norm")


@each_cell
@each_way
def test_both_paths_draw_the_same_numbers(cell, way):
    model = make(cell, "both", **WAYS[way], dropout=0.3).float().train()
    inputs, state = random_inputs(model, batch=3, time=9)
    close(seeded(forward, model, inputs, state, LENGTHS[:3]), seeded(trace, model, inputs, state, LENGTHS[:3]), 1e-5)


@pytest.mark.parametrize("path", [forward, trace])
def test_what_is_dropped_is_dropped_at_all_steps_of_a_row_and_the_rest_scaled(path):
    model = make("RNN", variational_output=0.3, hidden_size=40).train()
    inputs, _ = random_inputs(model, batch=30, time=11)
    outputs = path(model, inputs)[0]
    scale = outputs / path(model.eval(), inputs)[0]
    close(scale, scale[:, :1].expand_as(scale), 1e-9)
    kept = scale[:, 0] != 0
    close(scale[:, 0][kept], torch.full_like(scale[:, 0][kept], 1 / 0.7), 1e-9)
    assert float((~kept).double().mean()) == pytest.approx(0.3, abs=5 * math.sqrt(0.21 / kept.numel()))
    assert (kept != kept[:1]).any(), "each row has another mask"


def test_the_inputs_the_stack_and_the_weights_have_masks_of_their_own():
    model = make("LSTM", "both", **WAYS["all"], hidden_size=9, input_size=18).train()
    renew_dropout_masks(model)
    model(random_inputs(model)[0])
    masks = {str(key[0]): mask for key, mask in model.masks.cache.items()}
    assert {name: tuple(mask.shape) for name, mask in masks.items()} == {
        "inputs": (4, 1, 18), "outputs of layer 1": (4, 1, 18), "outputs": (4, 1, 18),
        **{f"weights of cell {k}": (36, 9) for k in range(4)},
    }  # fmt: skip
    values = [mask for mask in masks.values() if mask.shape == (36, 9)]
    assert all(not torch.equal(a != 0, b != 0) for k, a in enumerate(values) for b in values[:k])
    assert not torch.equal(masks["inputs"] != 0, masks["outputs"] != 0)


def test_the_share_of_dropped_weights():
    masks = Masks(enabled=True)
    masks.start_window()
    mask = masks.get_mask("w", (200, 100), 0.4, torch.zeros((), dtype=torch.float64))
    assert set(mask.unique().tolist()) == {0.0, 1 / 0.6}
    assert float((mask == 0).double().mean()) == pytest.approx(0.4, abs=5 * math.sqrt(0.24 / mask.numel()))
    for other in (torch.zeros(()), torch.zeros((), dtype=torch.bfloat16)):
        assert torch.equal(masks.get_mask("w", (200, 100), 0.4, other) != 0, mask != 0), "in every precision the same"


@each_cell
@pytest.mark.parametrize("way", ["variational", "weight drop"])
def test_masks_are_held_over_the_calls_of_a_window_and_new_in_the_next(cell, way):
    model = make(cell, **WAYS[way]).train()
    inputs, state = random_inputs(model)
    renew_dropout_masks(model)
    whole, final = model(inputs, state)
    first, handed_on = model(inputs[:, :3], state)
    with torch.no_grad():
        model(inputs[:, :3], state)
    second, last = model(inputs[:, 3:], handed_on)
    close((torch.cat([first, second], 1), last), (whole, final), 1e-12)
    renew_dropout_masks(model)
    held = model(inputs, state)[0]
    assert not torch.equal(held, whole) and torch.equal(model(inputs, state)[0], held)
    release_dropout_masks(model)
    assert not torch.equal(model(inputs, state)[0], model(inputs, state)[0])


@each_cell
@each_way
def test_copies_and_functional_calls_use_their_own_weights_under_the_same_masks(cell, way):
    model = make(cell, "both", **WAYS[way]).train()
    renew_dropout_masks(model)
    inputs, state = random_inputs(model)
    halves = {name: (p.detach() / 2).requires_grad_() for name, p in model.named_parameters()}
    torch.manual_seed(3)
    swapped = functional_call(model, halves, (inputs, state))
    assert all(g.any() for g in torch.autograd.grad(swapped[0].sum(), list(halves.values())))
    other = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.div_(2)
    close(seeded(forward, other, inputs, state), swapped, 0)


@each_cell
@pytest.mark.parametrize(("way", "stack"), [("weight drop", "both"), ("variational", "both"), ("all", "one layer")])
def test_gradients_by_finite_differences(cell, way, stack):
    model = make(cell, stack, input_size=2, hidden_size=2, **WAYS[way]).train()
    renew_dropout_masks(model)
    inputs, state = random_inputs(model, batch=2, time=3)
    weights = dict(model.named_parameters())

    def function(inputs, *rest):
        begin, values = rest[: len(state)], rest[len(state) :]
        torch.manual_seed(3)
        arguments = (inputs, begin, torch.tensor([2, 3]))
        outputs, final = functional_call(model, dict(zip(weights, values, strict=True)), arguments)
        return outputs, *final

    tensors = [t.detach().clone().requires_grad_() for t in (inputs, *state, *weights.values())]
    assert gradcheck(function, tensors, fast_mode=way != "all")
    if way == "all":  # step by step, so that a gradient of the gradient exists
        assert gradgradcheck(function, tensors, fast_mode=True)


@each_cell
def test_zoneout_in_evaluation_is_the_mean_of_one_step_in_training(cell):
    model = make(cell, zoneout=0.3)
    inputs, state = random_inputs(model, batch=1, time=1)
    rows, begin = inputs.expand(40_000, -1, -1), tuple(part.expand(40_000, -1, -1) for part in state)
    _, drawn = model.train()(rows, begin)
    _, mean = model.eval()(inputs, state)
    for part, wanted in zip(drawn, mean, strict=True):
        error = part.std(0) / math.sqrt(len(part))
        assert ((part.mean(0) - wanted[0]).abs() <= 5 * error + 1e-12).all()


@each_cell
def test_what_flows_back_under_zoneout_is_the_whole_derivative_of_the_state_that_goes_on(cell):
    model = make(cell, "stacked", zoneout=0.3).train()
    inputs, state = random_inputs(model)
    moved, states = {}, []

    def state_hook(part):
        states.append(part + moved.get(len(states), 0))
        return states[-1]

    def loss(change):
        moved.clear(), states.clear(), moved.update(change)
        outputs, final = seeded(forward, model, inputs, state)
        return sum((part + part**2).sum() for part in (outputs, *final))

    model.state_hook = state_hook
    whole = loss({})
    assert len(states) == 3 * 7 * len(state)
    kept = [*states]
    for part in kept:
        part.retain_grad()
    whole.backward()
    for k in range(0, len(kept), 5):
        direction = torch.randn_like(kept[k])
        slope = (loss({k: 1e-5 * direction}) - loss({k: -1e-5 * direction})) / 2e-5
        assert float((kept[k].grad * direction).sum()) == pytest.approx(float(slope.detach()), rel=1e-6, abs=1e-8)


@each_cell
def test_layer_norm_does_not_see_the_scale_of_the_inputs(cell):
    """Their size only matters compared with that of the state, and in an LSTM and a GRU not even there."""
    model = make(cell, layer_norm=True, scale=5.0)
    inputs, _ = random_inputs(model, time=1)
    close(model(1000 * inputs)[0], model(inputs)[0], 1e-4)
    assert not torch.allclose(make(cell)(1000 * inputs)[0], make(cell)(inputs)[0], rtol=0.1)


@each_cell
@each_way
def test_bfloat16_autocast(cell, way):
    model = make(cell, "stacked", **WAYS[way]).float().train()
    renew_dropout_masks(model)
    inputs, _ = random_inputs(model)
    wanted = seeded(forward, model, inputs)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = seeded(forward, model, inputs)[0]
        outputs.float().sum().backward()
    close(outputs.float(), wanted, 0.1)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@each_cell
@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
@pytest.mark.parametrize("argument", [*VARIATIONAL, "weight_drop", "zoneout"])
def test_no_probability_is_refused_by_name(cell, argument, value):
    with pytest.raises(InputError, match=rf"{argument} in \[0, 1\), got {value}"):
        make(cell, **{argument: value})
    if cell == "LSTM":
        with pytest.raises(InputError, match=rf"zoneout_cell in \[0, 1\), got {value}"):
            make(cell, zoneout_cell=value)
