"""Training loops by hand for truncations whose windows differ from batch to batch: references of the strategies' kit.

Nothing of unrolled is used here.  B batch, T time, R lags.
"""

import hashlib
import math
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from conformance.references.loops import Batches, Optimizer, Plain, nll, update

SEED, LR = 0, 0.02  # of the kit's runs


def draws(purpose: str, step: int) -> torch.Generator:
    """What a strategy draws from at an optimizer step."""
    digest = hashlib.blake2b(repr((SEED, purpose, step)).encode(), digest_size=4).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))


def random_truncation(
    model: Plain,
    optimizer: Optimizer,
    batches: Batches,
    *,
    base_length: int,
    half_probability: float,
    length_std: float,
    min_length: int,
) -> None:
    """AWD-LSTM, section 5: normal lengths, a step's learning rate in proportion to its window."""
    step = 0
    for inputs, targets, _ in batches:
        random, lengths = draws("RandomTruncation", step), []
        while sum(lengths) < inputs.shape[1]:
            mean = base_length
            if torch.rand((), dtype=torch.float64, generator=random) < half_probability:
                mean = base_length / 2
            length = mean + length_std * torch.randn((), dtype=torch.float64, generator=random)
            lengths.append(max(min_length, math.trunc(float(length))))
        lengths[-1] -= sum(lengths) - inputs.shape[1]
        state, begin = model.start(len(inputs)), 0
        for length in reversed(lengths):
            logits, state = model(inputs[:, begin : begin + length], tuple(part.detach() for part in state))
            for group in optimizer.param_groups:
                group["lr"] = LR * length / base_length
            update(optimizer, nll(logits, targets[:, begin : begin + length]))
            begin, step = begin + length, step + 1


def artbp(
    model: Plain,
    optimizer: Optimizer,
    batches: Batches,
    *,
    expected_length: float,
    tail_exponent: float = 4.0,
    coin_every: int = 1,
) -> None:
    """Tallec & Ollivier 2017, step by step: at each coin cut, or let the gradient pass 1 / (1 - c) times as large."""
    step, alpha = 0, tail_exponent
    for inputs, targets, _ in batches:
        length, random = inputs.shape[1], draws("ARTBP", step)
        everything = (targets != -100).sum() * min(1.0, expected_length / length)
        state, loss, since = model.start(len(inputs)), 0.0, 0
        for t in range(length):
            if t > 0 and t % coin_every == 0:
                # time in units of `coin_every` steps
                c = (alpha - 1) / ((alpha - 2) * expected_length / coin_every + since / coin_every)
                if torch.rand((), dtype=torch.float64, generator=random) < c:
                    update(optimizer, loss / everything)
                    state, loss, since, step = tuple(part.detach() for part in state), 0.0, 0, step + 1
                else:
                    state = tuple(part.clone() for part in state)
                    for part in state:
                        part.register_hook(lambda gradient, c=c: gradient / (1 - c))
            logits, state = model(inputs[:, t : t + 1], state)
            loss = loss + F.cross_entropy(logits[:, 0], targets[:, t], ignore_index=-100, reduction="sum")
            since += 1
        update(optimizer, loss / everything)
        step += 1


def adaptive_truncation(
    model: Plain,
    optimizer: Optimizer,
    batches: Batches,
    *,
    tolerated_bias: float,
    shortest: int,
    longest: int,
    lags: int,
    estimate_every: int,
) -> None:
    """Aicher et al. 2019: norms by lag at one step of each row, a geometric tail, the shortest window that will do."""
    step, window = 0, longest
    for number, (inputs, targets, _) in enumerate(batches):
        length = inputs.shape[1]
        if number and number % estimate_every == 0:
            assert length <= 2 * lags
            random = draws("AdaptiveTruncation", step)
            torch.randint(1, (), generator=random)  # which end; there is one here
            numbers = torch.rand(1, len(inputs), generator=random)[0]
            window = _window(_lags(model, inputs, targets, numbers, min(lags, length)), tolerated_bias)
            window = min(max(window, shortest), longest)
        state, cuts = model.start(len(inputs)), [*range(length, 0, -window), 0][::-1]
        for begin, end in pairwise(cuts):
            logits, state = model(inputs[:, begin:end], tuple(part.detach() for part in state))
            update(optimizer, nll(logits, targets[:, begin:end]))
            step += 1


def _lags(model: Plain, inputs: Tensor, targets: Tensor, numbers: Tensor, lags: int) -> np.ndarray:
    """(rows, 2, R): of one row after the other, the norm at each lag and that of the sum so far."""
    found = []
    for row, (tokens, wanted) in enumerate(zip(inputs, targets, strict=True)):
        places = (wanted != -100).nonzero().flatten().tolist()
        s = places[int(numbers[row] * len(places))]
        state = tuple(part[:, :1].clone().requires_grad_() for part in model.start(1))
        states = []
        for t in range(s + 1):
            states.append(state)
            logits, state = model(tokens[None, t : t + 1], state)
        loss = F.cross_entropy(logits[:, 0], wanted[None, s])
        gradients = [torch.cat([g.flatten() for g in torch.autograd.grad(loss, h, retain_graph=True)]) for h in states]
        gradients[0] = torch.zeros_like(gradients[0])  # the first state is not learnt
        gradients = [gradients[s - j] if j <= s else gradients[0] for j in range(lags)]
        sums = [torch.stack(gradients[: j + 1]).sum(0) for j in range(lags)]
        found.append([[float(g.norm()) for g in gradients], [float(g.norm()) for g in sums]])
    return np.array(found)


def _window(found: np.ndarray, tolerance: float) -> int:
    norms, sums = found.mean(0)
    lags, beyond = np.arange(len(norms)), 0.0
    late = (lags >= len(norms) // 2) & (norms > 0)
    if norms[-1] > 0:
        slope, intercept = np.polyfit(lags[late], np.log(norms[late]), 1)
        if slope >= 0:
            return 10**9
        beyond = sum(math.exp(intercept + slope * j) for j in range(len(norms), 100_000))
    rest = {k: norms[k - 1 :].sum() + beyond for k in range(1, len(norms) + 2)}
    whole = max(sums[k - 1] - rest[k + 1] for k in range(1, len(norms) + 1))
    fitting = [k for k, bias in rest.items() if bias <= tolerance * whole]
    return min(fitting) if fitting and whole > 0 else 10**9
