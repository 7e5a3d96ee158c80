"""The mean of the losses, and the ratio that follows from it."""

import pytest
import torch

from conformance.training import SaveAfter, make, train
from unrolled import compose
from unrolled.strategies import LossScheduledSampling, TruncatedBPTT
from unrolled.tasks import LanguageModeling

Sampled = compose(LanguageModeling, LossScheduledSampling)
LIVE = {"start": 0.9, "end": 0.3, "high": 1.95, "low": 1.75}


def test_before_the_first_loss_the_truth_is_read_as_at_the_start():
    assert make(Sampled, **LIVE).ratio() == pytest.approx(0.9)


@pytest.mark.parametrize("smoothing", [0.0, 0.5, 0.9])
def test_the_mean_of_the_losses(smoothing):
    run = train(Sampled, dtype=torch.float64, smoothing=smoothing, **LIVE)
    mean = float(run.losses[0])
    for loss in run.losses[1:]:
        mean = smoothing * mean + (1 - smoothing) * float(loss)
    assert float(run.task.mean_loss) == pytest.approx(mean, rel=1e-12)
    assert run.task.ratio() == pytest.approx(0.3 + 0.6 * min(1, max(0, (mean - 1.75) / 0.2)), rel=1e-12)
    assert 0.3 < run.task.ratio() < 0.9


def test_each_window_counts_and_the_ratio_stands_still_within_a_step():
    ratios = []

    class Watched(compose(LanguageModeling, TruncatedBPTT, LossScheduledSampling)):
        def truth(self, rows, begin, end):
            ratios.append((self.optimizer_steps, self.ratio()))
            return super().truth(rows, begin, end)

    train(Watched, k1=3, k2=5, past="recomputed", smoothing=0.2, **LIVE)
    by_step = [{ratio for at, ratio in ratios if at == step} for step in range(22)]
    assert all(len(of_one) == 1 for of_one in by_step) and len(set.union(*by_step)) > 5


def test_the_mean_is_part_of_the_checkpoint(tmp_path):
    run = train(Sampled, callbacks=[SaveAfter(8, tmp_path / "end.ckpt")], **LIVE)
    saved = torch.load(tmp_path / "end.ckpt", weights_only=True)["state_dict"]
    assert torch.equal(saved["mean_loss"], run.task.mean_loss)
