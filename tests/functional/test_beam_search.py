"""Beam search against greedy search and exhaustive search."""

import itertools
import math

import pytest
import torch

from unrolled.errors import InputError
from unrolled.functional.beam_search import beam_search, greedy_search, length_penalty
from unrolled.functional.translation import BEGIN, END

V, ROWS = 4, 6  # ids 0, BEGIN, END, 3


class Model:
    """Log-probabilities that depend on the row and on all ids so far, by a table drawn from a seed."""

    def __init__(self, limit, rows=ROWS, seed=0, sharpness=1.5):
        random = torch.Generator().manual_seed(seed)
        self.tables = [
            (torch.randn(rows, V**t, V, generator=random, dtype=torch.float64) * sharpness).log_softmax(-1)
            for t in range(limit)
        ]

    def state(self, width=1):
        """(row, prefix as a number, its length): each (B*K,)."""
        rows = torch.arange(len(self.tables[0])).repeat_interleave(width)
        return rows, torch.zeros_like(rows), torch.zeros_like(rows)

    def step(self, ids, state):
        row, prefix, length = state
        t = int(length[0])
        prefix = prefix if t == 0 else prefix * V + ids
        return self.tables[t][row, prefix], (row, prefix, length + 1)

    def log_probability(self, row, ids):
        total, prefix = 0.0, 0
        for t, token in enumerate(ids):
            total += float(self.tables[t][row, prefix, token])
            prefix = prefix * V + token
        return total


def all_sequences(limit):
    """Those that end with END, and those of `limit` ids that do not end."""
    others = [token for token in range(V) if token != END]
    for length in range(1, limit + 1):
        for body in itertools.product(others, repeat=length - 1):
            yield (*body, END)
    yield from itertools.product(others, repeat=limit)


def up_to_end(row):
    ids = row.tolist()
    return tuple(ids[: ids.index(END) + 1]) if END in ids else tuple(ids)


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
@pytest.mark.parametrize("limit", [1, 3, 4])
def test_a_beam_that_holds_everything_is_exhaustive_search(alpha, limit):
    model, width = Model(limit), V**limit
    found = beam_search(model.step, model.state(width), width=width, limit=limit, alpha=alpha)
    for row in range(ROWS):
        scores = {ids: model.log_probability(row, ids) / ((5 + len(ids)) / 6) ** alpha for ids in all_sequences(limit)}
        best = max(scores, key=scores.__getitem__)
        assert up_to_end(found.ids[row]) == best
        assert float(found.scores[row]) == pytest.approx(scores[best], abs=1e-12)


def test_the_penalty_decides_between_short_and_long():
    found = {
        alpha: beam_search(model.step, model.state(64), width=64, limit=3, alpha=alpha).ids
        for model in [Model(3)]
        for alpha in (0.0, 3.0)
    }
    lengths = {alpha: sum(len(up_to_end(row)) for row in ids) for alpha, ids in found.items()}
    assert lengths[0.0] < lengths[3.0]


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_one_is_greedy(seed, alpha):
    model = Model(5, seed=seed)
    one = beam_search(model.step, model.state(), width=1, limit=5, alpha=alpha)
    for row, ids in zip(one.ids, greedy_search(model.step, model.state(), 5), strict=True):
        assert up_to_end(row) == up_to_end(ids)


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_a_log_probability_is_the_models_own(width):
    model = Model(5)
    found = beam_search(model.step, model.state(width), width=width, limit=5, alpha=0.7)
    for row in range(ROWS):
        ids = up_to_end(found.ids[row])
        log_probability = model.log_probability(row, ids)
        assert float(found.log_probabilities[row]) == pytest.approx(log_probability, abs=1e-12)
        assert float(found.scores[row]) == pytest.approx(log_probability / length_penalty(len(ids), 0.7), abs=1e-12)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_row_is_searched_as_if_it_were_alone(width):
    model = Model(4)
    together = beam_search(model.step, model.state(width), width=width, limit=4)
    for row in range(ROWS):
        alone = tuple(part[row * width : (row + 1) * width] for part in model.state(width))
        found = beam_search(model.step, alone, width=width, limit=4)
        assert torch.equal(found.ids[0], together.ids[row])
        assert torch.equal(found.scores[0], together.scores[row])


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_beam_by_hand(width):
    """Hypotheses as tuples in a list, sorted; nothing is batched and nothing stops early."""
    model = Model(5)
    found = beam_search(model.step, model.state(width), width=width, limit=5, alpha=0.9)
    for row in range(ROWS):
        live, ended = [()], []
        for _ in range(5):
            further = [(*ids, token) for ids in live for token in range(V)]
            kept = sorted(further, key=lambda ids: -model.log_probability(row, ids))[:width]
            ended += [ids for ids in kept if ids[-1] == END or len(ids) == 5]
            live = [ids for ids in kept if ids[-1] != END]
        best = max(ended, key=lambda ids: model.log_probability(row, ids) / ((5 + len(ids)) / 6) ** 0.9)
        assert up_to_end(found.ids[row]) == best


@pytest.mark.parametrize("width", [1, 2, 3])
def test_each_row_has_its_own_limit(width):
    model, limits = Model(5), torch.tensor([2, 5, 3][:ROWS] + [4] * (ROWS - 3))
    together = beam_search(model.step, model.state(width), width=width, limit=limits, alpha=0.5)
    free = greedy_search(model.step, model.state(), limits)
    for row, limit in enumerate(limits.tolist()):
        alone = beam_search(model.step, model.state(width), width=width, limit=limit, alpha=0.5)
        assert torch.equal(together.ids[row, :limit], alone.ids[row]) and (together.ids[row, limit:] == END).all()
        assert torch.equal(together.scores[row], alone.scores[row])
        assert up_to_end(free[row, :limit]) == up_to_end(greedy_search(model.step, model.state(), limit)[row])
        assert (free[row, limit:] == END).all()


def test_greedy_stops_when_every_row_has_ended():
    certain = torch.full((2, V), -50.0).index_fill(1, torch.tensor(END), 0.0)
    calls = []

    def step(ids, state):
        calls.append(ids)
        return certain, state

    assert greedy_search(step, (torch.zeros(2, 1),), 30).tolist() == [[END], [END]]
    assert len(calls) == 1 and calls[0].tolist() == [BEGIN, BEGIN]


@pytest.mark.parametrize("wrong", [{"width": 0}, {"limit": 0}, {"alpha": -1.0}, {"alpha": math.nan}])
def test_refusals(wrong):
    model = Model(2)
    with pytest.raises(InputError, match="beam search: expected width"):
        beam_search(model.step, model.state(2), **{"width": 2, "limit": 2, **wrong})
