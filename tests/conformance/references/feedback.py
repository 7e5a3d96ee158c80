"""References of the strategies of the feedback seam, step by step in plain torch.  Nothing of unrolled is used here.

B batch, T time, H hidden, D discriminator's hidden.
"""

import torch
from torch import Tensor, nn

from conformance.references.loops import Batches, Optimizer, Plain, nll, schedule, update


def by_coins(model: Plain, inputs: Tensor, coins: Tensor) -> Tensor:
    """Logits (B, T, V) where step t reads the truth if its coin (B, T) says so, else the likeliest id."""
    state, token, logits = model.start(len(inputs)), inputs[:, 0], []
    for t in range(inputs.shape[1]):
        if t > 0:
            token = torch.where(coins[:, t], inputs[:, t], logits[-1][:, 0].argmax(-1))
        out, state = model(token[:, None], state)
        logits.append(out)
    return torch.cat(logits, 1)


def free(
    model: Plain, optimizer: Optimizer, batches: Batches, *, shortest_stretch: int, longest_stretch: int, over: int
) -> None:
    """The last n steps of each batch read the model's own ids; n grows step by step."""
    for number, (inputs, targets, _) in enumerate(batches):
        n = shortest_stretch + (longest_stretch - shortest_stretch) * min(number, over) // over
        coins = torch.tensor([[t < inputs.shape[1] - n for t in range(inputs.shape[1])]] * len(inputs))
        update(optimizer, nll(by_coins(model, inputs, coins), targets))


def by_loss(
    model: Plain,
    optimizer: Optimizer,
    batches: Batches,
    *,
    start: float,
    end: float,
    high: float,
    low: float,
    smoothing: float,
) -> None:
    """The probability of the truth falls in a straight line while the mean of the losses so far falls."""
    mean = None
    for inputs, targets, _ in batches:
        known = 1.0 if mean is None else (min(max(mean, low), high) - low) / (high - low)
        loss = nll(by_coins(model, inputs, torch.rand(inputs.shape) < end + (start - end) * known), targets)
        update(optimizer, loss)
        now = loss.item()
        mean = now if mean is None else smoothing * mean + (1 - smoothing) * now


def parallel(
    model: Plain,
    optimizer: Optimizer,
    batches: Batches,
    *,
    start: float,
    end: float,
    decay: str,
    over: int,
    passes: int,
) -> None:
    """Duckworth et al. 2019: each read takes what the read before it found likeliest at the step before."""
    ratio = schedule(start, end, decay, over)
    for number, (inputs, targets, _) in enumerate(batches):
        coins, read = torch.rand(inputs.shape) < ratio(number), inputs
        for _ in range(passes - 1):
            found = model(read, model.start(len(inputs)))[0].argmax(-1)
            read = inputs.clone()
            read[:, 1:] = torch.where(coins[:, 1:], inputs[:, 1:], found[:, :-1])
        update(optimizer, nll(model(read, model.start(len(inputs)))[0], targets))


class Judge:
    """A bidirectional GRU and three layers, with the weights that a task of seed 0 draws behind its own."""

    def __init__(self, model: Plain, size: int) -> None:
        vocabulary, features = model.embedding.weight.shape
        with torch.random.fork_rng():
            torch.manual_seed(0)
            nn.LSTM(features, model.hidden_size), nn.Embedding(vocabulary, features)
            nn.Linear(model.hidden_size, vocabulary)
            self.gru = nn.GRU(model.hidden_size, size, batch_first=True, bidirectional=True).double()
            self.layers = [nn.Linear(a, b).double() for a, b in ((2 * size, size), (size, size), (size, 1))]
        self.weights = [p for part in (self.gru, *self.layers) for p in part.parameters()]

    def forced(self, hidden: Tensor) -> Tensor:
        """(B,): the probability that hidden states (B, T, H) are of a forced run."""
        x = self.gru(hidden)[0]
        for layer in self.layers[:-1]:
            x = layer(x).clamp(min=0)
        return self.layers[-1](x).mean((1, 2)).sigmoid()


def professor(
    model: Plain,
    optimizer: Optimizer,
    batches: Batches,
    *,
    weight: float,
    discriminator_size: int,
    heard_above: float,
    learns_below: float,
) -> None:
    """Lamb et al. 2016; the gradients of the two players are taken apart and put in their places one by one."""
    judge, cells = Judge(model, discriminator_size), model.architecture["cells"][0]
    optimizer.add_param_group({"params": judge.weights})
    own = [*model.parameters()]
    for inputs, targets, _ in batches:
        rows, length = inputs.shape
        forced, _ = cells(model.embedding(inputs), model.start(rows))
        state, token, behaviour = model.start(rows), inputs[:, 0], []
        for _ in range(length):
            hidden, state = cells(model.embedding(token)[:, None], state)
            behaviour.append(hidden)
            token = torch.multinomial(model.head(hidden[:, 0]).softmax(-1), 1)[:, 0]
        hidden = torch.cat(behaviour, 1)
        on_forced, on_free = judge.forced(forced), judge.forced(hidden)
        accuracy = float((on_forced > 0.5).sum() + (on_free < 0.5).sum()) / (2 * rows)
        loss = nll(model.head(forced), targets)
        if accuracy > heard_above:
            loss = loss - weight * on_free.log().mean()
        theirs = -on_forced.log().mean() - (1 - on_free).log().mean()
        mine = torch.autograd.grad(loss, own, retain_graph=True)
        its = torch.autograd.grad(theirs if accuracy < learns_below else 0 * theirs, judge.weights)
        for p, gradient in zip([*own, *judge.weights], [*mine, *its], strict=True):
            p.grad = gradient
        optimizer.step()
