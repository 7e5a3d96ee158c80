"""Training loops written by hand in plain torch, from the papers: the references of the strategies' kit.

Nothing of unrolled is used here.  A batch is (inputs (B, T), targets (B, T), fresh (B, T)).
B batch, T time, H hidden, V vocabulary.
"""

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Batches = Iterable[tuple[Tensor, Tensor, Tensor]]
Optimizer = torch.optim.Optimizer
State = tuple[Tensor, Tensor]


class Plain(nn.Module):
    """Embedding, one nn.LSTM, linear head, with given weights."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        (vocabulary, embedding), (_, hidden) = weights["embedding.weight"].shape, weights["head.weight"].shape
        self.hidden_size = hidden
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.architecture = nn.ModuleDict({"cells": nn.ModuleList([nn.LSTM(embedding, hidden, batch_first=True)])})
        self.head = nn.Linear(hidden, vocabulary)
        self.to(weights["head.weight"].dtype).load_state_dict(weights)

    def start(self, rows: int) -> State:
        return (self.head.weight.new_zeros(1, rows, self.hidden_size),) * 2

    def forward(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, T, V) after tokens (B, T), and the state."""
        hidden, state = self.architecture["cells"][0](self.embedding(tokens), state)
        return self.head(hidden), state


def nll(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over the targets that are not padding."""
    total = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100, reduction="sum")
    return total / (targets != -100).sum()


def update(optimizer: Optimizer, loss: Tensor, clip: Callable[[list[Tensor]], Any] = lambda _: None) -> None:
    optimizer.zero_grad()
    loss.backward()
    clip([p.grad for group in optimizer.param_groups for p in group["params"]])
    optimizer.step()


def full(model: Plain, optimizer: Optimizer, batches: Batches, clip: Callable[..., Any] = lambda _: None) -> None:
    for inputs, targets, _ in batches:
        logits, _ = model(inputs, model.start(len(inputs)))
        update(optimizer, nll(logits, targets), clip)


def norm_clipped(model: Plain, optimizer: Optimizer, batches: Batches, *, max_norm: float) -> None:
    def clip(gradients: list[Tensor]) -> None:
        norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
        for g in gradients:
            g.mul_(min(1.0, max_norm / (norm + 1e-6)))

    full(model, optimizer, batches, clip)


def value_clipped(model: Plain, optimizer: Optimizer, batches: Batches, *, max_value: float) -> None:
    full(model, optimizer, batches, lambda gradients: [g.clamp_(-max_value, max_value) for g in gradients])


def carried(
    model: Plain,
    optimizer: Optimizer,
    batches: Batches,
    *,
    drop_probability: float = 0.0,
    learned_initial_state: bool = False,
    burn_in: int = 0,
) -> None:
    """The state flows on; each row forgets by a coin, starts from learned zeros, and warms up before it learns."""
    rows = 3
    begin = [torch.zeros(1, model.hidden_size, dtype=model.head.weight.dtype, requires_grad=True) for _ in range(2)]
    if learned_initial_state:
        optimizer.add_param_group({"params": begin})
    state = model.start(rows)
    for inputs, targets, fresh in batches:
        anew = fresh.clone()
        if drop_probability:
            anew[:, 0] |= torch.rand(rows) < drop_probability
        state, logits, age = tuple(part.detach() for part in state), [], torch.full((rows,), 1000)
        for t in range(inputs.shape[1]):
            age = torch.where(anew[:, t], 0, age + 1)
            warmed = (age == burn_in)[None, :, None]
            state = tuple(torch.where(warmed, part.detach(), part) for part in state)
            state = tuple(torch.where(anew[None, :, t, None], first, p) for first, p in zip(begin, state, strict=True))
            out, state = model(inputs[:, t : t + 1], state)
            logits.append(out)
            targets = torch.where((age < burn_in)[:, None] & (torch.arange(inputs.shape[1]) == t), -100, targets)
        update(optimizer, nll(torch.cat(logits, 1), targets))


def kept(model: Plain, optimizer: Optimizer, batches: Batches, *, k1: int, k2: int) -> None:
    """BPTT(k2; k1) where each step belongs to the weights with which it was first run, and is never run again."""
    for inputs, targets, _ in batches:
        length = inputs.shape[1]
        before, owner = {0: model.start(len(inputs))}, {}  # the state in front of a step; the model that ran it
        for end in range(k1, length + k1, k1):
            first, new, stop = max(0, end - k2), end - k1, min(end, length)
            optimizer.zero_grad()
            now = copy.deepcopy(model)
            owner.update(dict.fromkeys(range(new, stop), now))
            state, logits = before[first], []
            for t in range(first, stop):
                out, state = owner[t](inputs[:, t : t + 1], state)
                before[t + 1] = tuple(part.detach() for part in state)
                logits.append(out)
            nll(torch.cat(logits[new - first :], 1), targets[:, new:stop]).backward()
            models = {owner[t] for t in range(first, stop)}
            for weights in zip(model.parameters(), *(each.parameters() for each in models), strict=True):
                weights[0].grad = sum(w.grad for w in weights[1:] if w.grad is not None)
                for w in weights[1:]:
                    w.grad = None
            optimizer.step()


def truncated(model: Plain, optimizer: Optimizer, batches: Batches, *, k1: int, k2: int) -> None:
    """The same where each window is run anew with today's weights: Williams & Peng 1990, BPTT(h = k2; h' = k1)."""
    for inputs, targets, _ in batches:
        length = inputs.shape[1]
        before = {0: model.start(len(inputs))}  # step -> the state in front of it, as it was last computed
        for end in range(k1, length + k1, k1):
            first, stop = max(0, end - k2), min(end, length)
            state, logits = before[first], []
            for t in range(first, stop):
                out, state = model(inputs[:, t : t + 1], state)
                before[t + 1] = tuple(part.detach() for part in state)
                logits.append(out)
            update(optimizer, nll(torch.cat(logits[end - k1 - first :], 1), targets[:, end - k1 : stop]))


def forced(model: Plain, optimizer: Optimizer, batches: Batches, *, ratio: float | Callable[[int], float]) -> None:
    """Scheduled sampling, step by step: a coin for each token says whether the truth is read or the likeliest guess."""
    for number, (inputs, targets, _) in enumerate(batches):
        coins = torch.rand(inputs.shape) < (ratio(number) if callable(ratio) else ratio)
        state, token, logits = model.start(len(inputs)), inputs[:, 0], []
        for t in range(inputs.shape[1]):
            if t > 0:
                token = torch.where(coins[:, t], inputs[:, t], logits[-1][:, 0].argmax(-1))
            out, state = model(token[:, None], state)
            logits.append(out)
        update(optimizer, nll(torch.cat(logits, 1), targets))


def schedule(start: float, end: float, decay: str, over: int) -> Callable[[int], float]:
    """Bengio et al. 2015, section 2.4: inverse sigmoid decay k / (k + exp(i / k)), here half-way at over / 2."""
    assert decay == "inverse_sigmoid"
    low, high = 1.0, float(over + 2)
    for _ in range(200):  # bisect k ln k = over / 2
        k = (low + high) / 2
        low, high = (k, high) if k * math.log(k) < over / 2 else (low, k)
    return lambda i: end + (start - end) * k / (k + math.exp(i / k))


def scheduled(
    model: Plain, optimizer: Optimizer, batches: Batches, *, start: float, end: float, decay: str, over: int
) -> None:
    forced(model, optimizer, batches, ratio=schedule(start, end, decay, over))
