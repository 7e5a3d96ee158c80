import pytest
import torch

from unrolled.functional.batch import IGNORE
from unrolled.functional.label_smoothing import smoothed_cross_entropy
from unrolled.functional.losses import cross_entropy


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_a_share_of_each_target_goes_to_all_ids_alike(smoothing):
    logits, targets = torch.randn(2, 3, 5, dtype=torch.float64), torch.tensor([[1, 4, IGNORE], [0, IGNORE, 2]])
    expected = 0.0
    for b, t in [(0, 0), (0, 1), (1, 0), (1, 2)]:
        nats = -(logits[b, t] - logits[b, t].exp().sum().log())
        wanted = torch.full((5,), smoothing / 5, dtype=torch.float64)
        wanted[targets[b, t]] += 1 - smoothing
        expected += float((wanted * nats).sum())
    total, count = smoothed_cross_entropy(logits, targets, smoothing)
    assert float(total) == pytest.approx(expected, abs=1e-12) and count == 4
    if smoothing == 0:
        assert torch.equal(total, cross_entropy(logits, targets)[0])
