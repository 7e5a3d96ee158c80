"""Sampling from the output distribution of a model.  V vocabulary, O output features; a temperature has no unit."""

import torch
from torch import Tensor

from unrolled.errors import InputError


def draw_id(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, generator: torch.Generator | None = None
) -> Tensor:
    """An id (...) from softmax(`logits` / temperature), `logits` (..., V).

    Args:
        logits: of all V ids.
        temperature: above 0; towards 0 approaches the argmax, above 1 flattens the distribution.
        top_k: sample among the `top_k` most likely ids; V or more samples among all (Fan, Lewis & Dauphin 2018,
            "Hierarchical neural story generation").
        generator: on the CPU; one uniform number per draw is mapped by the inverse distribution function, also on the
            CPU, because a cumulative sum on a GPU is not deterministic.  None uses torch's global generator.

    Raises:
        InputError: a temperature not above 0, or a top_k below 1.
    """
    if not temperature > 0 or (top_k is not None and top_k < 1):
        expected = "a temperature above 0 and a top_k of at least 1"
        raise InputError(f"sampling: expected {expected}, got {temperature} and {top_k}")
    candidates = None
    if top_k is not None and top_k < logits.shape[-1]:
        logits, candidates = logits.topk(top_k, dim=-1)
    weights = (logits / temperature).softmax(-1, dtype=torch.promote_types(logits.dtype, torch.float32))
    if generator is None:
        drawn = torch.multinomial(weights.reshape(-1, weights.shape[-1]), 1).view(*weights.shape[:-1], 1)
    else:
        cumulative = weights.to("cpu", torch.float64).cumsum(-1)
        uniform = torch.rand(*cumulative.shape[:-1], 1, generator=generator, dtype=torch.float64)
        drawn = torch.searchsorted(cumulative, uniform * cumulative[..., -1:], right=True).to(logits.device)
    return (drawn if candidates is None else candidates.gather(-1, drawn))[..., 0]


def draw_normal(
    means: Tensor, deviations: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Numbers (..., O) from normal distributions of standard deviation temperature * `deviations`.

    `generator` is on the CPU; None uses torch's global generator.

    Raises:
        InputError: a temperature not above 0.
    """
    if not temperature > 0:
        raise InputError(f"sampling: expected a temperature above 0, got {temperature}")
    if generator is None:
        noise = torch.randn_like(means)
    else:
        noise = torch.randn(means.shape, generator=generator, dtype=torch.float64).to(means.device, means.dtype)
    return means + temperature * deviations * noise
