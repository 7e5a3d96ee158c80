"""Greedy and beam-search decoding.

B batch, K beam width, V vocabulary, L steps, N rows given to the step function.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.state import State
from unrolled.functional.translation import BEGIN, END

Step = Callable[[Tensor, State], tuple[Tensor, State]]  # ids (N,), state -> log-probabilities (N, V), state


class Hypotheses(NamedTuple):
    """One hypothesis per sequence."""

    ids: Tensor  # (B, L): padded with END
    log_probabilities: Tensor  # (B,), in nats, summed over all ids up to END
    scores: Tensor  # (B,): log-probability divided by the length penalty


def length_penalty(length: int, alpha: float) -> float:
    """((5 + length) / 6) ** alpha, END included in `length`.

    Source: Wu et al. 2016, "Google's neural machine translation system", equation 14.
    """
    return float(((5 + length) / 6) ** alpha)


@torch.no_grad()
def greedy_search(step: Step, state: State, limit: int | Tensor) -> Tensor:
    """(B, L): the most likely id at each step, up to END or `limit` steps; padded with END.

    Args:
        step: one step of the decoder.
        state: the state before BEGIN, each part (B, ...).
        limit: maximum number of ids, for all sequences or (B,).
    """
    rows = len(state[0])
    limits = _each(limit, rows, state[0].device)
    token = torch.full((rows,), BEGIN, device=state[0].device)
    ended, tokens = torch.zeros_like(token, dtype=torch.bool), list[Tensor]()
    while not ended.all():
        log_probabilities, state = step(token, state)
        token = log_probabilities.argmax(-1).masked_fill(ended, END)
        tokens.append(token)
        ended |= (token == END) | (len(tokens) >= limits)
    return torch.stack(tokens, 1)


@torch.no_grad()
def beam_search(step: Step, state: State, *, width: int, limit: int | Tensor, alpha: float = 1.0) -> Hypotheses:
    """The hypotheses with the highest log-probability / length_penalty(length, alpha) that a beam of `width` finds.

    Each step keeps the `width` best continuations of all live hypotheses; finished ones leave the beam.  A sequence is
    done when no live hypothesis can overtake its best finished one.  A hypothesis without END after `limit` ids counts
    as finished.  A beam of 1 is greedy search.

    Args:
        step: one step of the decoder on B*K rows, the K rows of a sequence being consecutive.
        state: the state before BEGIN, each part (B*K, ...), K equal rows per sequence.
        width: K.
        limit: maximum number of ids, for all sequences or (B,).
        alpha: exponent of the length penalty; 0 compares log-probabilities, above 0 favours longer hypotheses.

    Raises:
        InputError: a width or a limit below 1, an alpha that is negative or not finite.
    """
    shortest = int(torch.as_tensor(limit).min())
    if width < 1 or shortest < 1 or not 0 <= alpha < float("inf"):
        raise InputError(
            f"beam search: expected width >= 1, limit >= 1, alpha >= 0, got {width}, {shortest} and {alpha}"
        )
    rows, device = len(state[0]) // width, state[0].device
    limits = _each(limit, rows, device)
    longest = int(limits.max())
    token = torch.full((rows * width,), BEGIN, device=device)
    ids = torch.full((rows, width, longest), END, device=device)
    offset = torch.arange(rows, device=device)[:, None] * width
    live: Tensor | None = None  # (B, K) log-probabilities; -inf: no hypothesis
    best = Hypotheses(ids[:, 0], ids.new_zeros(rows), ids.new_zeros(rows))
    final_penalties = [length_penalty(length, alpha) for length in limits.tolist()]
    for length in range(1, longest + 1):
        log_probabilities, state = step(token, state)
        log_probabilities = log_probabilities.unflatten(0, (rows, width))
        if live is None:  # the K rows are still equal: use only the first
            none = log_probabilities.new_full((rows,), float("-inf"))
            live = none[:, None].repeat(1, width).index_fill(1, torch.tensor(0, device=device), 0.0)
            best = Hypotheses(ids[:, 0], none, none)
        size = log_probabilities.shape[-1]
        live, index = (live[..., None] + log_probabilities).flatten(1).topk(width)
        parent, chosen = index // size, index % size
        ids = ids.gather(1, parent[..., None].expand_as(ids)).clone()
        ids[..., length - 1] = chosen
        source_rows = (offset + parent).flatten()
        state, token = tuple(part[source_rows] for part in state), chosen.flatten()
        finished = (chosen == END) | (length >= limits)[:, None]
        best = _better(best, ids, live.masked_fill(~finished, float("-inf")), length_penalty(length, alpha))
        live = live.masked_fill(finished, float("-inf"))
        if (live.amax(1) / live.new_tensor(final_penalties) <= best.scores).all():
            break
    return best


def _each(limit: int | Tensor, rows: int, device: torch.device) -> Tensor:
    """`limit` as (B,)."""
    return torch.as_tensor(limit, device=device).expand(rows)


def _better(best: Hypotheses, candidates: Tensor, ended: Tensor, penalty: float) -> Hypotheses:
    """For each sequence the better one of `best` and the hypotheses that ended now.

    `candidates` (B, K, L) are ids, `ended` (B, K) their log-probabilities, -inf where live.
    """
    top, index = ended.max(1)
    rows = torch.arange(len(candidates), device=candidates.device)
    new = Hypotheses(candidates[rows, index], top, top / penalty)
    wins = new.scores > best.scores
    ids = torch.where(wins[:, None], new.ids, best.ids)
    return Hypotheses(ids, *(torch.where(wins, n, b) for n, b in zip(new[1:], best[1:], strict=True)))
