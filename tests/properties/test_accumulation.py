"""Windows drawn by chance or by measurement never go with accumulated gradients, whatever the first batch shows."""

import pytest

from conformance.training import train
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import ARTBP, AdaptiveTruncation, RandomTruncation
from unrolled.tasks import LanguageModeling


@pytest.mark.parametrize("strategy", [ARTBP, AdaptiveTruncation, RandomTruncation])
def test_it_is_refused_before_the_first_batch(strategy):
    with pytest.raises(InputError) as caught:
        train(compose(LanguageModeling, strategy), trainer={"accumulate_grad_batches": 3})  # windows beyond 8 steps
    assert str(caught.value) == (
        f"trainer.accumulate_grad_batches: {strategy.__name__} takes several optimizer steps within a batch, so "
        "expected 1, got 3; remove it, or make each window a whole batch"
    )
