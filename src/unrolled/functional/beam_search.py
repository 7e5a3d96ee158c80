"""What a decoder says up to its end, greedily or by beam search.

B batch, K width of the beam, V vocabulary, L steps.
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
    """One for each row."""

    ids: Tensor  # (B, L): END where it ended, and behind it
    log_probabilities: Tensor  # (B,), in nats, of all ids up to END
    scores: Tensor  # (B,): log-probability over length penalty


def length_penalty(length: int, alpha: float) -> float:
    """((5 + length) / 6) ** alpha of ids with END; Wu et al. 2016, "Google's neural machine translation system"."""
    return float(((5 + length) / 6) ** alpha)


@torch.no_grad()
def greedy_search(step: Step, state: State, limit: int | Tensor) -> Tensor:
    """(B, L): the likeliest id at each step, up to END or `limit` steps, of all or (B,); `state` is in front of BEGIN.

    What stands behind a row's END, or its limit, is END.
    """
    rows = len(state[0])
    limits = _each(limit, rows, state[0].device)
    token = torch.full((rows,), BEGIN, device=state[0].device)
    ended, said = torch.zeros_like(token, dtype=torch.bool), list[Tensor]()
    while not ended.all():
        log_probabilities, state = step(token, state)
        token = log_probabilities.argmax(-1).masked_fill(ended, END)
        said.append(token)
        ended |= (token == END) | (len(said) >= limits)
    return torch.stack(said, 1)


@torch.no_grad()
def beam_search(step: Step, state: State, *, width: int, limit: int | Tensor, alpha: float = 1.0) -> Hypotheses:
    """The best of what a beam of `width` finds: the highest log-probability / length_penalty(length, alpha).

    At each step the `width` best continuations of all live hypotheses are kept; those that ended leave the beam.  A
    row is done when no live hypothesis can overtake its best ended one.  What has no END after `limit` ids counts as
    it stands.  A beam of 1 is greedy.

    Args:
        step: reads an id in each of B*K rows, those of one row one behind the other.
        state: in front of BEGIN, each part (B*K, ...), K times the same.
        width: K.
        limit: ids at most, of all rows or (B,) of each.
        alpha: of the length penalty, no unit; 0 compares log-probabilities, above 0 longer ones gain.

    Raises:
        InputError: a width or a limit below 1, an alpha that is negative or not finite.
    """
    least = int(torch.as_tensor(limit).min())
    if width < 1 or least < 1 or not 0 <= alpha < float("inf"):
        raise InputError(f"beam search: expected width >= 1, limit >= 1, alpha >= 0, got {width}, {least} and {alpha}")
    rows, device = len(state[0]) // width, state[0].device
    limits = _each(limit, rows, device)
    most = int(limits.max())
    token = torch.full((rows * width,), BEGIN, device=device)
    said = torch.full((rows, width, most), END, device=device)
    offset = torch.arange(rows, device=device)[:, None] * width
    live: Tensor | None = None  # (B, K) log-probabilities; -inf: no hypothesis stands there
    best = Hypotheses(said[:, 0], said.new_zeros(rows), said.new_zeros(rows))
    longest = [length_penalty(length, alpha) for length in limits.tolist()]
    for length in range(1, most + 1):
        log_probabilities, state = step(token, state)
        log_probabilities = log_probabilities.unflatten(0, (rows, width))
        if live is None:  # the K rows are still the same: the first alone counts
            nothing = log_probabilities.new_full((rows,), float("-inf"))
            live = nothing[:, None].repeat(1, width).index_fill(1, torch.tensor(0, device=device), 0.0)
            best = Hypotheses(said[:, 0], nothing, nothing)
        size = log_probabilities.shape[-1]
        live, place = (live[..., None] + log_probabilities).flatten(1).topk(width)
        parent, chosen = place // size, place % size
        said = said.gather(1, parent[..., None].expand_as(said)).clone()
        said[..., length - 1] = chosen
        came_from = (offset + parent).flatten()
        state, token = tuple(part[came_from] for part in state), chosen.flatten()
        closed = (chosen == END) | (length >= limits)[:, None]
        best = _better(best, said, live.masked_fill(~closed, float("-inf")), length_penalty(length, alpha))
        live = live.masked_fill(closed, float("-inf"))
        if (live.amax(1) / live.new_tensor(longest) <= best.scores).all():
            break
    return best


def _each(limit: int | Tensor, rows: int, device: torch.device) -> Tensor:
    """The limit (B,) of each row."""
    return torch.as_tensor(limit, device=device).expand(rows)


def _better(best: Hypotheses, said: Tensor, ended: Tensor, penalty: float) -> Hypotheses:
    """The best so far and the best of those that ended now, (B, K) log-probabilities: of each row the better one."""
    top, place = ended.max(1)
    new = Hypotheses(said[torch.arange(len(said), device=said.device), place], top, top / penalty)
    wins = new.scores > best.scores
    ids = torch.where(wins[:, None], new.ids, best.ids)
    return Hypotheses(ids, *(torch.where(wins, n, b) for n, b in zip(new[1:], best[1:], strict=True)))
