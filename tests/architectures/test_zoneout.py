"""Zoneout of one step: values and gradients."""

import torch

from unrolled.architectures.zoneout import zoneout

OLD, NEW = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[5.0, 6.0], [7.0, 8.0]])


def test_kept_units_are_the_old_ones_bit_for_bit():
    kept = torch.tensor([[True, False], [False, True]])
    assert torch.equal(zoneout(OLD, NEW, kept), torch.tensor([[1.0, 6.0], [7.0, 4.0]]))


def test_a_probability_is_the_mean_of_both():
    assert torch.equal(zoneout(OLD, NEW, 0.25), torch.tensor([[4.0, 5.0], [6.0, 7.0]]))
    assert torch.equal(zoneout(OLD, NEW, 0.0), NEW)


def test_gradients_go_where_the_numbers_came_from():
    old, new = OLD.clone().requires_grad_(), NEW.clone().requires_grad_()
    zoneout(old, new, torch.tensor([[True, False], [False, True]])).sum().backward()
    assert torch.equal(old.grad, torch.eye(2)) and torch.equal(new.grad, 1 - torch.eye(2))
