"""What must not matter to a translation: padding, the order of a batch, its buckets; and that the search finds all."""

import itertools
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.training import fit
from conformance.translation_pairs import SOURCES, TARGETS, TASK, Loader
from unrolled.functional.batch import IGNORE, lengthen
from unrolled.functional.translation import BEGIN, END, pair_batch, up_to_end
from unrolled.tasks import Translation
from unrolled.tasks.translation import decoding as translating

ROWS = 4
FROZEN = {"class_path": "SGD", "init_args": {"lr": 0.0}}
KINDS = {
    "additive": {},
    "coverage": {"coverage": True},
    "multiplicative": {"attention": "multiplicative"},
    "after the cell": {"attention": "multiplicative", "input_feeding": False, "bridge": False},
    "none": {"attention": "none", "input_feeding": False},
}


def make(kind, **given):
    torch.manual_seed(0)
    return Translation(**{**TASK, "optimizer": FROZEN, **KINDS[kind], **given}).double()


def pairs(seed):
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 6, (2, ROWS), generator=draw).tolist()
    sides = zip(lengths, (SOURCES, TARGETS), strict=True)
    return [[torch.randint(3, high, (n,), generator=draw) for n in side] for side, high in sides]


def batch_of(sides, rows):
    return pair_batch(*([side[row] for row in rows] for side in sides))


def learnt(kind, batches):
    """The loss and the gradients of each batch; the weights stay."""
    run = fit(make(kind), Loader(batches), trainer={"max_epochs": 1})
    return list(zip(run.losses, run.gradients, strict=True))


def agree(found, expected):
    torch.testing.assert_close(found[0], expected[0], rtol=0, atol=1e-12)
    assert found[1].keys() == expected[1].keys() and any(g.any() for g in expected[1].values())
    for name, gradient in expected[1].items():
        torch.testing.assert_close(found[1][name], gradient, rtol=0, atol=1e-12, msg=name)


SETTINGS = (st.sampled_from([*KINDS]), st.integers(0, 99), st.permutations(range(ROWS)))


@settings(max_examples=25)
@given(*SETTINGS, st.integers(0, 4), st.integers(0, 4), st.integers(0, TARGETS - 1))
def test_padding_and_order(kind, seed, order, more_source, more_target, filler):
    """Of the source and of the target, whatever stands there and however much of it there is."""
    sides = pairs(seed)
    (plain,) = learnt(kind, [batch_of(sides, range(ROWS))])
    other = batch_of(sides, order)
    other = lengthen(other, other.inputs.shape[1] + more_target)
    longest = other.source.shape[1] + more_source
    source = torch.nn.functional.pad(other.source, (0, more_source))
    source = source.where(torch.arange(longest) < other.source_lengths[:, None], filler)
    inputs = other.inputs.where(other.targets != IGNORE, filler)
    (found,) = learnt(kind, [other._replace(source=source, inputs=inputs)])
    agree(found, plain)


@settings(max_examples=15)
@given(*SETTINGS, st.sets(st.integers(1, ROWS - 1)))
def test_borders_of_buckets(kind, seed, order, borders):
    """The losses and gradients of any buckets, weighed by their targets, add up to those of one."""
    sides = pairs(seed)
    (plain,) = learnt(kind, [batch_of(sides, range(ROWS))])
    buckets = [order[a:b] for a, b in pairwise([0, *sorted(borders), ROWS])]
    found = learnt(kind, [batch_of(sides, bucket) for bucket in buckets])
    targets = [sum(len(sides[1][row]) + 1 for row in bucket) for bucket in buckets]
    shares = [count / sum(targets) for count in targets]
    loss = sum(share * one for share, (one, _) in zip(shares, found, strict=True))
    by_name = {n: sum(s * g[n] for s, (_, g) in zip(shares, found, strict=True)) for n in plain[1]}
    agree((loss, by_name), plain)


LIMIT, VOCABULARY = 3, 5  # ids that are said at most; ids: the special ones and two words


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_wide_beam_finds_the_best_of_all_that_can_be_said(kind, alpha, monkeypatch):
    """Each sentence is scored by reading it as a target, END too, where there is room for it."""
    task = make(kind, vocabulary_size=VOCABULARY).eval()
    with torch.no_grad():
        task.head.weight *= 4  # so that no two sentences are about as likely
    monkeypatch.setattr(translating, "limit", lambda memory: torch.full((len(memory.mask),), LIMIT))
    sources, _ = pairs(3)
    words = [number for number in range(VOCABULARY) if number > END]
    sentences = [[*body, END] for n in range(LIMIT) for body in itertools.product(words, repeat=n)]
    sentences += map(list, itertools.product(words, repeat=LIMIT))
    for source in sources:
        scores = {}
        for ids in sentences:
            read = torch.tensor([[BEGIN, *ids[:-1]]])
            memory = task.read_source(source[None], torch.tensor([len(source)]))
            with torch.no_grad(), task.reading(memory):
                hidden, _ = task.predict(read, task.initial_state(1))
                told = task.head(hidden)[0].log_softmax(-1)
            total = sum(float(told[t, number]) for t, number in enumerate(ids))
            scores[tuple(ids)] = total / ((5 + len(ids)) / 6) ** alpha
        best = max(scores, key=scores.__getitem__)
        found = task.translate(source[None], torch.tensor([len(source)]), width=len(sentences), alpha=alpha)
        assert up_to_end(found.ids)[0] == [number for number in best if number != END]
        assert float(found.scores[0]) == pytest.approx(scores[best], abs=1e-12)
