"""The cells for series under strategies that look into a cell, or that meet each of its states."""

import pytest
import torch

from conformance.missing_value_runs import CHANNELS, impute, marked
from conformance.training import assert_close, assert_same
from unrolled import strategies
from unrolled.errors import InputError
from unrolled.strategies import CarriedState, CheckpointedBPTT, ClipStateGradient, OwnImputation, TruncatedBPTT

GRUD = {"class_path": "GRUD", "init_args": {"hidden_size": 6, "values": 2}}
RING = {"class_path": "RecurrentConv", "init_args": {"positions": 7, "channels": 2}}
BRANCHES = [
    {"features": 6, "cell": "GRUD", "init_args": {"hidden_size": 6, "values": 2}},
    {"features": 1, "cell": "LSTM", "init_args": {"hidden_size": 2}},
]
SPLIT = {"class_path": "MultiInput", "init_args": {"branches": BRANCHES}}
ARCHITECTURES = {"GRUD": GRUD, "RecurrentConv": RING, "MultiInput": SPLIT}
LOOKING = {
    "ForgetBias": {},
    "ChronoInitialization": {"t_max": 9},
    "OrthogonalInitialization": {},
    "SpectralBound": {"max_stretch": 0.6},
}
each_architecture = pytest.mark.parametrize("name", ARCHITECTURES)


@pytest.mark.parametrize("looking", LOOKING)
def test_what_fits_a_gru_fits_gru_d_and_no_convolution(looking):
    cls = getattr(strategies, looking)
    run, _ = impute(cls, architecture=GRUD, **LOOKING[looking])
    assert all(torch.isfinite(loss) for loss in run.losses)
    if looking == "ForgetBias":
        assert marked(cls, architecture=GRUD).architecture.cells[0].bias_ih_l0[6:12].tolist() == [1.0] * 6
    if looking == "SpectralBound":
        gates = run.task.architecture.cells[0].weight_hh_l0.detach().split(6)
        assert all(torch.linalg.matrix_norm(gate, 2) < 0.6 + 1e-5 for gate in gates)
    with pytest.raises(InputError, match=f"^architecture: {looking} fits [^\n]*, got RecurrentConv; [^\n]*$"):
        marked(cls, architecture=RING, **LOOKING[looking])


@each_architecture
def test_windows_that_overlap_see_the_same_gradient_kept_or_recomputed(name):
    still = {"class_path": "SGD", "init_args": {"lr": 0.0}}
    given = {"architecture": ARCHITECTURES[name], "optimizer": still, "k1": 2, "k2": 6, "dtype": torch.float64}
    cut = [OwnImputation, CarriedState, TruncatedBPTT]
    kept, recomputed = (impute(*cut, past=past, **given)[0] for past in ("kept", "recomputed"))
    assert len(kept.gradients) == 32
    for one, other in zip(kept.gradients, recomputed.gradients, strict=True):
        assert_close(one, other, 1e-11)


@each_architecture
def test_segments_that_are_run_again_have_the_same_gradient(name):
    given = {"architecture": ARCHITECTURES[name], "dtype": torch.float64}
    runs = [impute(*more, **given)[0] for more in ((), (CheckpointedBPTT,))]
    for one, other in zip(runs[0].gradients, runs[1].gradients, strict=True):
        assert_close(one, other, 1e-10)


@each_architecture
def test_the_gradient_of_each_state_can_be_bounded(name):
    given = {"architecture": ARCHITECTURES[name], "dtype": torch.float64}
    absent, loose, tight = (
        impute(*more, **given, **bound)[0]
        for more, bound in (
            ((), {}),
            ((ClipStateGradient,), {"max_state_gradient": 1e9}),
            ((ClipStateGradient,), {"max_state_gradient": 1e-3}),
        )
    )
    assert_close(loose.gradients[0], absent.gradients[0], 1e-11)
    weight = next(n for n in tight.gradients[0] if n.endswith("weight_hh_l0"))
    assert tight.gradients[0][weight].norm() < 0.9 * absent.gradients[0][weight].norm()


@each_architecture
def test_a_seed_decides_a_run(name):
    given = {"architecture": ARCHITECTURES[name], "channels": CHANNELS}
    assert_same(impute(OwnImputation, **given)[0], impute(OwnImputation, **given)[0])
