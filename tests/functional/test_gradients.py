import pytest
import torch
from torch import nn

from unrolled.functional.gradients import nonfinite_names, total_norm


def parameters(*sizes, dtype=torch.float64, scale=1.0):
    made = [nn.Parameter(torch.zeros(size, dtype=dtype)) for size in sizes]
    for parameter in made:
        parameter.grad = scale * torch.randn_like(parameter)
    return made


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_equals_what_clipping_measures(dtype, scale):
    given = parameters((3, 4), (5,), (), (2, 1, 2), dtype=dtype, scale=scale)
    together = torch.cat([p.grad.flatten().double() for p in given])
    found = total_norm(given)
    assert float(found) == pytest.approx(float(together.square().sum().sqrt()), rel=1e-6)
    assert torch.equal(found, nn.utils.clip_grad_norm_(given, float("inf")))


def test_it_changes_no_gradient():
    given = parameters((3, 4), (5,))
    before = [p.grad.clone() for p in given]
    total_norm(given)
    assert all(torch.equal(p.grad, g) for p, g in zip(given, before, strict=True))


def test_parameters_without_a_gradient_count_as_nothing():
    given = parameters((3,), (4,))
    assert torch.equal(total_norm(given), total_norm([nn.Parameter(torch.ones(7)), *given]))
    assert float(total_norm([nn.Parameter(torch.ones(7))])) == 0
    assert float(total_norm([])) == 0


def test_it_takes_an_iterator_once_through():
    given = parameters((3,), (4,))
    assert torch.equal(total_norm(p for p in given), total_norm(given))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_one_bad_number_shows(value):
    given = parameters((3,), (4, 2))
    given[1].grad[2, 1] = value
    assert not torch.isfinite(total_norm(given))


def test_nonfinite_names_the_bad_ones_in_order():
    named = [
        ("b", torch.tensor([1.0, float("nan")])),
        ("fine", torch.tensor([1e38, -1e38])),  # its sum of squares would be inf
        ("none", None),
        ("a", torch.tensor(float("-inf"))),
        ("empty", torch.tensor([])),
        ("c", torch.tensor([[float("inf")]], dtype=torch.float16)),
    ]
    assert nonfinite_names(named) == ["b", "a", "c"]
    assert nonfinite_names(iter(named[1:3])) == [] == nonfinite_names([])
