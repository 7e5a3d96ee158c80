"""The first weights: which are set and which are not, in every cell, layer and process."""

import pytest
import torch
from scipy import stats
from torch import nn

from conformance.bptt_runs import architecture
from conformance.training import DROPOUT, assert_close, make, weights
from unrolled import compose, strategies
from unrolled.errors import InputError
from unrolled.tasks import LanguageModeling, SequenceRegression

LIVE = {
    "ForgetBias": {"forget_bias": 1.5},
    "ChronoInitialization": {"t_max": 20},
    "OrthogonalInitialization": {"gain": 0.8},
    "IdentityInitialization": {"scale": 0.5},
}
FITS = {
    "ForgetBias": ["LSTM", "GRU"],
    "ChronoInitialization": ["LSTM", "GRU"],
    "OrthogonalInitialization": ["LSTM", "GRU", "RNN", "RNN-relu"],
    "IdentityInitialization": ["RNN-relu"],
}
FITTING = [(name, cell) for name, cells in FITS.items() for cell in cells]
each_fit = pytest.mark.parametrize(("name", "cell"), FITTING)
H = 6


def made(name, cell, layers=2, seed=0, **given):
    given = {**LIVE.get(name, {}), **given}
    others = (getattr(strategies, name),) if name else ()
    return make(compose(LanguageModeling, *others), seed=seed, architecture=architecture(cell, layers), **given)


def gates(cell, k=0):
    """The two biases and the recurrent weight of each gate of layer k."""
    own = cell.architecture.cells[k]
    return [*zip(*(part.detach().split(H) for part in (own.bias_ih_l0, own.bias_hh_l0, own.weight_hh_l0)), strict=True)]


@each_fit
def test_only_what_it_sets_changes_and_no_other_random_number_moves(name, cell):
    plain = weights(made(None, cell))
    state = torch.get_rng_state()
    task = made(name, cell)
    assert torch.equal(torch.get_rng_state(), state)
    changed = {n.rpartition(".")[2] for n, value in weights(task).items() if not torch.equal(value, plain[n])}
    biases, recurrent = {"bias_ih_l0", "bias_hh_l0"}, {"weight_hh_l0"}
    expected = {"OrthogonalInitialization": recurrent, "IdentityInitialization": biases | recurrent}
    assert changed == expected.get(name, biases)
    for k in (0, 1):
        for gate, old in zip(gates(task, k), gates(made(None, cell), k), strict=True):
            same = torch.equal(gate[0], old[0])
            assert same == torch.equal(gate[1], old[1]), "both biases of a gate, or none"


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
@pytest.mark.parametrize("layer", [0, 1])
def test_the_gate_that_keeps_the_state_has_the_bias(cell, layer):
    """Asked of the cell itself: with inputs and states of 0 it keeps sigmoid(bias) of its state."""
    for name, low, high in (("ForgetBias", 1.5, 1.5), ("ChronoInitialization", 0.0, float(torch.tensor(19.0).log()))):
        task = made(name, cell)
        model = task.architecture.double()
        with torch.no_grad():
            for k in (0, 1):
                nn.init.zeros_(model.cells[k].weight_ih_l0)
                nn.init.zeros_(model.cells[k].weight_hh_l0)
        gate = model.trace(torch.zeros(1, 1, 5, dtype=torch.float64))[2][layer]["f" if cell == "LSTM" else "z"]
        bias = torch.logit(gate.detach()).flatten()
        assert (bias >= low - 1e-6).all() and (bias <= high + 1e-6).all()
        if name == "ChronoInitialization":
            assert bias.unique().numel() == H
            if cell == "LSTM":
                i, f, g, o = gates(task, layer)
                assert torch.equal(i[0], -f[0]) and not i[1].any() and not f[1].any() and g[0].any() and o[1].any()


def test_chrono_times_are_uniform():
    wide = {"class_path": "LSTM", "init_args": {"hidden_size": 2000}}
    task = make(compose(LanguageModeling, strategies.ChronoInitialization), t_max=101, architecture=wide)
    times = task.architecture.cells[0].bias_ih_l0.detach()[2000:4000].double().exp()
    assert stats.kstest(times.numpy(), stats.uniform(1, 99).cdf).pvalue > 0.01


@pytest.mark.parametrize("cell", FITS["OrthogonalInitialization"])
def test_every_gates_recurrent_weight_is_orthogonal_times_the_gain(cell):
    task, seen = made("OrthogonalInitialization", cell), []
    for k in (0, 1):
        for _, _, weight in gates(task, k):
            torch.testing.assert_close(weight @ weight.T, 0.64 * torch.eye(H), rtol=0, atol=1e-6)
            seen.append(weight)
    assert all(not torch.equal(a, b) for i, a in enumerate(seen) for b in seen[:i])


def test_the_identity():
    task = made("IdentityInitialization", "RNN-relu")
    for k in (0, 1):
        ((b_ih, b_hh, w),) = gates(task, k)
        assert torch.equal(w, 0.5 * torch.eye(H)) and not b_ih.any() and not b_hh.any()


@pytest.mark.parametrize(("name", "cell"), [(n, c) for n in FITS for c in ("LSTM", "GRU", "RNN", "RNN-relu")])
def test_another_cell_is_refused_by_name_in_one_line(name, cell):
    if cell in FITS[name]:
        made(name, cell)
        return
    with pytest.raises(InputError) as caught:
        made(name, cell)
    told = str(caught.value)
    assert told.startswith(f"architecture: {name} fits ") and f"got {cell.partition('-')[0]}" in told
    assert "\n" not in told and FITS[name][0].partition("-")[0] in told


@pytest.mark.parametrize("name", [*LIVE, "SpectralBound", "GradientPenalty"])
def test_an_architecture_without_such_weights_is_refused(name):
    given = {"SpectralBound": {"max_stretch": 1.0}, "GradientPenalty": {"omega": 1.0}, **LIVE}[name]
    chain = {"class_path": "InfluenceNetwork", "init_args": {}}
    cls = compose(SequenceRegression, getattr(strategies, name))
    with pytest.raises(InputError, match=f"^architecture: {name} fits .*got InfluenceNetwork"):
        cls(input_size=1, output_size=1, architecture=chain, **given)


@each_fit
def test_a_seed_decides_and_a_checkpoint_replaces(name, cell):
    first, again, other = (made(name, cell, seed=seed) for seed in (0, 0, 1))
    assert_close(weights(first), weights(again), 0)
    with torch.no_grad():
        for p in first.parameters():
            p.add_(1.0)
    other.load_state_dict(first.state_dict())
    assert_close(weights(other), weights(first), 0)


@pytest.mark.parametrize("name", [n for n in LIVE if n != "IdentityInitialization"])
def test_the_place_among_others_changes_no_weight(name):
    cls = getattr(strategies, name)
    others = (strategies.CarriedState, strategies.ClipNorm)
    made = [
        make(compose(LanguageModeling, *order), learned_initial_state=True, **LIVE[name], **DROPOUT)
        for order in ((cls, *others), (*others, cls))
    ]
    assert_close(weights(made[0]), weights(made[1]), 0)
