"""Draws from what a model puts out.  V vocabulary, O output features; a temperature has no unit."""

import torch
from torch import Tensor

from unrolled.errors import InputError


def draw_id(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, generator: torch.Generator | None = None
) -> Tensor:
    """An id (...) from softmax(`logits` / temperature), `logits` (..., V).

    Args:
        logits: of all V ids.
        temperature: above 0; towards 0 the likeliest, above 1 flatter.
        top_k: only among so many of the likeliest; V or more: among all (Fan, Lewis & Dauphin 2018, "Hierarchical
            neural story generation").
        generator: on the CPU: one uniform number a draw, then the inverse of the distribution function, there too
            (on a GPU, the sum that this needs is not the same twice); without it torch's own numbers.

    Raises:
        InputError: a temperature that is not above 0, a top_k below 1.
    """
    if not temperature > 0 or (top_k is not None and top_k < 1):
        wanted = "a temperature above 0 and a top_k of at least 1"
        raise InputError(f"sampling: expected {wanted}, got {temperature} and {top_k}")
    kept = None
    if top_k is not None and top_k < logits.shape[-1]:
        logits, kept = logits.topk(top_k, dim=-1)
    weights = (logits / temperature).softmax(-1, dtype=torch.promote_types(logits.dtype, torch.float32))
    if generator is None:
        drawn = torch.multinomial(weights.reshape(-1, weights.shape[-1]), 1).view(*weights.shape[:-1], 1)
    else:
        below = weights.to("cpu", torch.float64).cumsum(-1)
        uniform = torch.rand(*below.shape[:-1], 1, generator=generator, dtype=torch.float64)
        drawn = torch.searchsorted(below, uniform * below[..., -1:], right=True).to(logits.device)
    return (drawn if kept is None else kept.gather(-1, drawn))[..., 0]


def draw_normal(
    means: Tensor, deviations: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Numbers (..., O) from normal distributions of standard deviation temperature * `deviations`.

    `generator` is on the CPU; without it the numbers are torch's own.

    Raises:
        InputError: a temperature that is not above 0.
    """
    if not temperature > 0:
        raise InputError(f"sampling: expected a temperature above 0, got {temperature}")
    if generator is None:
        noise = torch.randn_like(means)
    else:
        noise = torch.randn(means.shape, generator=generator, dtype=torch.float64).to(means.device, means.dtype)
    return means + temperature * deviations * noise
