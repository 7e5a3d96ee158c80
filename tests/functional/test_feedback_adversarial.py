"""Professor forcing's two losses: Goyal et al. 2016, section 2.2, with D written out as a probability."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.functional.feedback import discriminator_accuracy, discriminator_loss, generator_loss

logits = st.lists(st.floats(-20, 20), min_size=1, max_size=6)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


@given(logits, logits)
def test_the_discriminators_loss(forced, free):
    expected = -sum(math.log(sigmoid(x)) for x in forced) / len(forced)
    expected -= sum(math.log(1 - sigmoid(x)) for x in free) / len(free)
    found = discriminator_loss(torch.tensor(forced, dtype=torch.float64), torch.tensor(free, dtype=torch.float64))
    assert float(found) == pytest.approx(expected, rel=1e-6, abs=1e-7)


@given(logits)
def test_the_networks_loss(free):
    expected = -sum(math.log(sigmoid(x)) for x in free) / len(free)
    assert float(generator_loss(torch.tensor(free, dtype=torch.float64))) == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_it_stays_finite_where_the_discriminator_is_sure():
    sure = torch.tensor([800.0])
    assert float(discriminator_loss(-sure, sure)) == 1600.0 and float(generator_loss(-sure)) == 800.0
    assert float(discriminator_loss(sure, -sure)) == 0.0


def test_accuracy_counts_the_runs_that_are_told_right():
    forced, free = torch.tensor([1.0, 0.1, -2.0, 3.0]), torch.tensor([-1.0, 0.5, -0.1, 0.0])
    assert float(discriminator_accuracy(forced, free)) == 5 / 8
    assert float(discriminator_accuracy(torch.zeros(3), torch.zeros(3))) == 0.0, "a logit of 0 counts as wrong"
