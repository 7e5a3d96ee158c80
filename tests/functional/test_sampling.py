"""Samples against their distributions, and against the definition of the inverse distribution function."""

import numpy as np
import pytest
import torch

from unrolled.errors import InputError
from unrolled.functional.sampling import draw_id, draw_normal

N, V = 40_000, 6
LOGITS = torch.tensor([0.4, -1.0, 1.3, 0.0, -float("inf"), 0.9], dtype=torch.float64)


def seeded():
    return torch.Generator().manual_seed(7)


def chi_square(drawn, probabilities):
    """Pearson's, over the ids that can come; the others must not."""
    counts = torch.bincount(drawn, minlength=V).double()
    assert counts[probabilities == 0].sum() == 0
    expected = probabilities[probabilities > 0] * len(drawn)
    return float(((counts[probabilities > 0] - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("generator", [None, seeded], ids=["torch's", "own"])
@pytest.mark.parametrize("top_k", [None, 2, 3, V, V + 9])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_ids_follow_the_distribution(generator, top_k, temperature):
    torch.manual_seed(3)
    kept = LOGITS.clone()
    kept[LOGITS.argsort(descending=True)[top_k or V :]] = -float("inf")
    drawn = draw_id(LOGITS.expand(N, V), temperature, top_k, generator and generator())
    assert drawn.shape == (N,) and drawn.dtype == torch.int64
    assert chi_square(drawn, (kept / temperature).softmax(-1)) < 23.5  # at most 4 degrees of freedom, 0.999 9


def test_a_generator_gives_the_inverse_of_the_distribution_function():
    logits = torch.randn(5, 3, V, generator=seeded(), dtype=torch.float64)
    drawn = draw_id(logits, 0.8, generator=seeded())
    uniform = torch.rand(5, 3, 1, generator=seeded(), dtype=torch.float64).numpy()[..., 0]
    weights = np.exp(logits.numpy() / 0.8)
    below = np.cumsum(weights / weights.sum(-1, keepdims=True), -1)
    assert np.array_equal(drawn, (below <= uniform[..., None]).sum(-1))


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (2, 3, 4)])
def test_any_number_of_dimensions(shape):
    for generator in (None, seeded()):
        assert draw_id(LOGITS.expand(*shape, V), 1.0, 2, generator).shape == shape
        assert draw_normal(torch.zeros(*shape, 2), torch.ones(*shape, 2), 1.0, generator).shape == (*shape, 2)


def test_an_id_that_cannot_come_does_not_even_at_the_ends_of_the_uniform_numbers(monkeypatch):
    last = 1 - 2.0**-53  # the largest number that is drawn
    logits = torch.randn(300, 50, generator=seeded())  # probabilities in float32, of which some do not sum to one
    logits[:, [0, -1]] = -float("inf")
    assert (logits.softmax(-1).double().sum(-1) < last).any()
    for uniform, expected in [(0.0, 1), (last, 48)]:
        monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, uniform, dtype=torch.float64))  # noqa: B023
        assert (draw_id(logits, generator=seeded()) == expected).all()


def test_draws_in_half_precision_are_made_in_a_wider_one():
    logits = torch.randn(2000, 500, generator=seeded()).bfloat16()
    assert torch.equal(draw_id(logits, 1.0, generator=seeded()), draw_id(logits.float(), 1.0, generator=seeded()))


@pytest.mark.parametrize("generator", [None, seeded], ids=["torch's", "own"])
def test_numbers_follow_the_normal_distribution(generator):
    torch.manual_seed(3)
    means, deviations = torch.tensor([[2.0, -1.0]]).expand(N, -1), torch.tensor([[0.5, 3.0]]).expand(N, -1)
    drawn = draw_normal(means, deviations, 0.5, generator and generator())
    scaled = (drawn - means) / deviations / 0.5
    assert drawn.dtype == torch.float32
    torch.testing.assert_close(scaled.mean(0), torch.zeros(2), rtol=0, atol=0.02)
    torch.testing.assert_close(scaled.square().mean(0), torch.ones(2), rtol=0, atol=0.03)
    assert abs(float((scaled[:, 0] * scaled[:, 1]).mean())) < 0.02
    assert float((scaled < 0).float().mean()) == pytest.approx(0.5, abs=0.01)


def test_a_generator_leaves_torchs_own_numbers_alone():
    before = torch.get_rng_state()
    draw_id(LOGITS[None], generator=seeded())
    draw_normal(torch.zeros(3), torch.ones(3), generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("temperature", "top_k"), [(0.0, None), (-1.0, None), (float("nan"), None), (1.0, 0), (1.0, -2)]
)
def test_nonsense_is_refused_in_one_line(temperature, top_k):
    wanted = f"^sampling: expected a temperature above 0 and a top_k of at least 1, got {temperature} and {top_k}$"
    with pytest.raises(InputError, match=wanted):
        draw_id(LOGITS, temperature, top_k)
    if top_k is None:
        with pytest.raises(InputError, match=f"^sampling: expected a temperature above 0, got {temperature}$"):
            draw_normal(LOGITS, LOGITS, temperature)
