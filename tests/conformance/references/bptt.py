"""Training one time step at a time in plain torch: the references for truncation and memory.  Nothing of unrolled here.

Every time step runs with a copy of the weights of its own.  The gradient that flows through the steps [start, stop)
alone is then the sum of the gradients of their copies, whatever other steps the graph still holds: this cuts it at
`start` without a second run, also where the weights have moved between two steps.

B batch (rows), T time (steps), L layers, H hidden, V vocabulary.  A state's parts are (B, L, H).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE = -100
CELLS: dict[str, tuple[Any, int]] = {  # torch's own single step, and the parts of its state
    "LSTM": (torch.lstm_cell, 2),
    "GRU": (torch.gru_cell, 1),
    "RNN": (torch.rnn_tanh_cell, 1),
    "RNN-relu": (torch.rnn_relu_cell, 1),
}
KINDS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")

Weights = dict[str, Tensor]  # named as the task names them, and "initial.0", ... (L, H) for a learned initial state
State = tuple[Tensor, ...]
Span = tuple[int, int, int]  # a window: the first step of its gradient, the first step whose loss counts, the end
Spans = Callable[[int], list[Span]]  # of a batch's length


class Step(NamedTuple):
    """One optimizer step."""

    loss: Tensor
    gradients: Weights


def whole(length: int) -> list[Span]:
    return [(0, 0, length)]


def williams_peng(k1: int, k2: int) -> Spans:
    """BPTT(h = k2; h' = k1): window i covers the steps [max(0, (i + 1) k1 - k2), min(T, (i + 1) k1))."""

    def spans(length: int) -> list[Span]:
        count = -(-length // k1)
        return [(max(0, (i + 1) * k1 - k2), i * k1, min(length, (i + 1) * k1)) for i in range(count)]

    return spans


def advance(cell: str, w: Weights, tokens: Tensor, state: State) -> State:
    """The state after one step that reads `tokens` (B,)."""
    step, _ = CELLS[cell]
    x, layers = w["embedding.weight"][tokens], []
    for layer in range(state[0].shape[1]):
        own = tuple(part[:, layer] for part in state)
        made = step(x, own if len(own) > 1 else own[0], *[w[f"architecture.cells.{layer}.{kind}"] for kind in KINDS])
        layers.append(made if len(own) > 1 else (made,))
        x = layers[-1][0]
    return tuple(torch.stack(part, 1) for part in zip(*layers, strict=True))


def loss_of(w: Weights, state: State, targets: Tensor) -> Tensor:
    """Summed over the rows that have a target (B,)."""
    logits = state[0][:, -1] @ w.get("head.weight", w["embedding.weight"]).T + w["head.bias"]  # or tied
    return F.cross_entropy(logits, targets, ignore_index=IGNORE, reduction="sum")


def initial(cell: str, w: Weights, rows: int) -> State:
    """Zeros, or the learned state, in every row."""
    layers = sum(name.endswith("weight_hh_l0") for name in w)
    zero = w["embedding.weight"].new_zeros(rows, layers, w["architecture.cells.0.weight_hh_l0"].shape[1])
    return tuple(zero + w[f"initial.{k}"] if f"initial.{k}" in w else zero for k in range(CELLS[cell][1]))


def where(rows: Tensor, then: State, otherwise: State) -> State:
    """`then` in the rows (B,) that are True."""
    return tuple(torch.where(rows[:, None, None], a, b) for a, b in zip(then, otherwise, strict=True))


class Memory:
    """Which rows start anew at which step, and what the others bring along from the batch before.

    Args:
        carries: whether a row goes on where it ended; else every row of every batch starts anew.
        burn_in: steps behind a start whose targets do not count and that no gradient flows through.
        forgotten: for each batch the rows (B,) that start anew though the data does not say so.
    """

    def __init__(self, carries: bool = False, burn_in: int = 0, forgotten: Sequence[Tensor] | None = None) -> None:
        self.carries, self.burn_in, self.forgotten = carries, burn_in, forgotten
        self.batch, self.state, self.age = -1, None, None

    def open(self, fresh: Tensor, zero: State) -> tuple[Tensor, Tensor, State]:
        """(B, T) where a row starts anew, (B, T) which steps are burn-in, and the state that the batch begins with."""
        self.batch += 1
        rows, length = fresh.shape
        known = min(rows, len(self.state[0])) if self.carries and self.state is not None else 0
        starts = fresh.clone()
        starts[known:, 0] = True
        if self.forgotten is not None:
            starts[:, 0] |= self.forgotten[self.batch]
        age = torch.zeros(rows, dtype=torch.long)
        if known:
            age[:known] = self.age[:known]
            zero = tuple(torch.cat([old[:known], new[known:]]) for old, new in zip(self.state, zero, strict=True))
        ages = []
        for t in range(length):  # how many steps a row has made since its start
            age = torch.where(starts[:, t], 0, age + 1)
            ages.append(age)
        self.age = age
        return starts, torch.stack(ages, 1) < self.burn_in, zero

    def close(self, state: State) -> None:
        self.state = tuple(part.detach() for part in state)


def trained(
    cell: str,
    weights: Weights,
    batches: Iterable[tuple[Tensor, Tensor, Tensor]],
    spans: Spans = whole,
    *,
    past: str = "recomputed",
    lr: float = 0.0,
    memory: Memory | None = None,
) -> tuple[list[Step], Weights]:
    """SGD over batches of (inputs (B, T), targets (B, T), fresh (B, T)): every optimizer step, and the weights after.

    "recomputed": a window with a loss runs again from the state stored at its start, with the weights of now.
    "kept": no step runs twice; each one keeps the weights that it ran with.
    """
    memory = memory or Memory()
    w, taken = {name: value.detach().clone() for name, value in weights.items()}, []
    for inputs, targets, fresh in batches:
        starts, young, begin = memory.open(fresh, initial(cell, w, len(inputs)))
        targets = targets.masked_fill(young, IGNORE)
        before, copies = {0: tuple(part.detach() for part in begin)}, {}
        for start, new, stop in spans(inputs.shape[1]):
            count = int((targets[:, new:stop] != IGNORE).sum())
            first = start if past == "recomputed" and count else new  # without a loss there is no reason to run again
            state, total = before[first], torch.zeros((), dtype=torch.float64)
            if past == "recomputed":  # its gradient ends here
                state = tuple(part.detach() for part in state)
            for t in range(first, stop):
                copies[t] = {name: value.clone().requires_grad_() for name, value in w.items()}
                state = where(starts[:, t], initial(cell, copies[t], len(inputs)), state)
                state = advance(cell, copies[t], inputs[:, t], state)
                if t >= new:
                    total = total + loss_of(copies[t], state, targets[:, t])
                state = where(young[:, t], tuple(part.detach() for part in state), state)
                before[t + 1] = state
            if count:
                gradients = _summed(total / count, [copies[t] for t in range(start, stop)])
                taken.append(Step((total / count).detach(), gradients))
                w = {name: value - lr * gradients[name] for name, value in w.items()}
        memory.close(before[inputs.shape[1]])
    return taken, w


def _summed(loss: Tensor, copies: list[Weights]) -> Weights:
    """The gradient for each weight, summed over the copies that `loss` may reach."""
    leaves = [copy[name] for copy in copies for name in copy]
    flat = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True)
    summed = {name: torch.zeros_like(value) for name, value in copies[0].items()}
    for name, gradient in zip([name for copy in copies for name in copy], flat, strict=True):
        if gradient is not None:
            summed[name] += gradient
    return summed


def heard(cell: str, weights: Weights, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> float:
    """The mean loss of one long evaluation: rows go on from batch to batch, and start anew where the data says so."""
    memory, total, count = Memory(carries=True), 0.0, 0
    for inputs, targets, fresh in batches:
        starts, _, state = memory.open(fresh, initial(cell, weights, len(inputs)))
        for t in range(inputs.shape[1]):
            state = where(starts[:, t], initial(cell, weights, len(inputs)), state)
            state = advance(cell, weights, inputs[:, t], state)
            total += float(loss_of(weights, state, targets[:, t]))
        count += int((targets != IGNORE).sum())
        memory.close(state)
    return total / count
