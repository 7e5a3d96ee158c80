"""Dropout between layers: nowhere else, only in training, and the same numbers from the same seed."""

import pytest
import torch

from conformance.architectures import close, each_cell, each_path, forward, gradients, make, random_inputs, trace
from unrolled.architectures import RNN


def seeded(path, model, inputs, seed):
    torch.manual_seed(seed)
    return path(model, inputs)


@each_cell
@each_path
def test_a_seed_reproduces_it(cell, path):
    model = make(cell, "both", dropout=0.5).train()
    inputs, _ = random_inputs(model)
    first, again, other = (seeded(path, model, inputs, seed) for seed in (1, 1, 2))
    close(first, again, 0)
    assert not torch.equal(first[0], other[0])


@each_cell
@each_path
def test_it_is_off_in_evaluation(cell, path):
    model = make(cell, "stacked", dropout=0.5)
    plain = make(cell, "stacked")
    plain.load_state_dict(model.state_dict())
    inputs, _ = random_inputs(model)
    close(path(model.eval(), inputs), path(plain.train(), inputs), 0)
    assert not torch.equal(path(model.train(), inputs)[0], path(plain, inputs)[0])


@each_cell
@each_path
def test_a_single_layer_has_none(cell, path):
    model = make(cell, "bidirectional", dropout=0.9)
    inputs, _ = random_inputs(model)
    close(path(model.train(), inputs), path(model.eval(), inputs), 0)


@each_cell
def test_none_at_all_draws_no_random_number(cell):
    model = make(cell, "stacked", dropout=0.0).train()
    before = torch.get_rng_state()
    model(random_inputs(model)[0])
    torch.randn(4, 7, 3)
    after = torch.get_rng_state()
    torch.set_rng_state(before)
    random_inputs(model), torch.randn(4, 7, 3)
    assert torch.equal(after, torch.get_rng_state())


@each_path
def test_it_drops_the_stated_share_between_layers_and_scales_the_rest(path):
    """The upper layer of this network repeats its input, so its outputs are those of the lower one after dropout."""
    p, model = 0.3, RNN(input_size=3, hidden_size=50, num_layers=2, dropout=0.3, nonlinearity="relu").double().train()
    weights = list(model.parameters())
    with torch.no_grad():
        weights[2].fill_(1.0)  # the lower layer's bias: every unit is on
        for weight, value in zip(weights[4:], (torch.eye(50), *[torch.tensor(0.0)] * 3), strict=True):
            weight.copy_(value)
    inputs, _ = random_inputs(model, batch=20, time=30)
    below = RNN(input_size=3, hidden_size=50, nonlinearity="relu").double()
    for mine, weight in zip(below.parameters(), weights[:4], strict=True):
        mine.data.copy_(weight)
    before, after = below(inputs)[0], path(model, inputs)[0]
    on = before > 1e-6
    kept = (after != 0) & on
    close(after[kept], before[kept] / (1 - p), 1e-12)
    share = float((on & ~kept).sum() / on.sum())
    assert share == pytest.approx(p, abs=5 * (p * (1 - p) / int(on.sum())) ** 0.5)  # five standard deviations


@each_cell
def test_both_paths_drop_the_same_units(cell):
    model = make(cell, "both", dropout=0.5, hidden_size=6).float().train()
    inputs, state = random_inputs(model, batch=3, time=9)
    close(seeded(forward, model, inputs, 3), seeded(trace, model, inputs, 3), 1e-5)
    torch.manual_seed(3)
    fused = gradients(forward, model, inputs, state)
    torch.manual_seed(3)
    close(fused, gradients(trace, model, inputs, state), 1e-4)
