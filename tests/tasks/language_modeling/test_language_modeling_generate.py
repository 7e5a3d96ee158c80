"""generate: greedy and drawn continuations."""

import pytest
import torch

from conformance.references.loops import Plain
from conformance.token_streams import V
from conformance.training import DROPOUT, make, train, weights
from unrolled.errors import InputError
from unrolled.tasks import LanguageModeling

PREFIX = torch.tensor([[1, 2, 3], [4, 5, 6], [6, 1, 1]])


def trained():
    return train(LanguageModeling, dtype=torch.float64).task


def test_temperature_0_is_the_likeliest_token_step_by_step():
    task = trained()
    plain = Plain(weights(task))
    sequence = PREFIX
    for _ in range(9):  # the whole sequence is read anew for every token
        logits, _ = plain(sequence, plain.start(3))
        sequence = torch.cat([sequence, logits[:, -1].argmax(-1, keepdim=True)], 1)
    assert torch.equal(task.generate(PREFIX, 9, temperature=0), sequence[:, 3:])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_drawn_tokens_follow_the_models_distribution(temperature):
    """Pearson's chi-square over V tokens, for the first token and, given it, the second: 99.99 % quantiles."""
    task, rows = trained(), 20_000
    plain = Plain(weights(task))
    drawn = task.generate(PREFIX[:1].expand(rows, -1), 2, temperature)
    first = int(drawn[:, 0].mode().values)
    given = drawn[drawn[:, 0] == first]
    for sequence, tokens in [(PREFIX[:1], drawn[:, 0]), (torch.tensor([[*PREFIX[0].tolist(), first]]), given[:, 1])]:
        probabilities = (plain(sequence, plain.start(1))[0][0, -1].detach() / temperature).softmax(-1)
        expected = probabilities * len(tokens)
        assert (expected > 5).sum() >= 3
        rare = expected <= 5
        counts = torch.bincount(tokens, minlength=V).double()
        pooled = [torch.cat([x[~rare], x[rare].sum()[None]]) for x in (counts, expected)]
        chi_square = ((pooled[0] - pooled[1]) ** 2 / pooled[1].clamp(min=1)).sum()
        assert float(chi_square) < 27.9  # 6 degrees of freedom


def test_rows_do_not_touch_each_other_and_the_seed_is_all():
    task = trained()
    together = task.generate(PREFIX, 5, temperature=0)
    alone = torch.cat([task.generate(row[None], 5, temperature=0) for row in PREFIX])
    assert torch.equal(together, alone)
    draws = []
    for _ in range(2):
        torch.manual_seed(3)
        draws.append(task.generate(PREFIX, 50))
    assert torch.equal(*draws)


@pytest.mark.parametrize("training", [True, False])
def test_it_neither_drops_out_nor_changes_mode_nor_keeps_a_graph(training):
    task = make(LanguageModeling, **DROPOUT).train(training)
    assert torch.equal(task.generate(PREFIX, 9, temperature=0), task.generate(PREFIX, 9, temperature=0))
    assert task.training is training and task.head.training is training
    assert not task.cursor.saved and not task.eval_state


@pytest.mark.parametrize("length", [0, 1, 4])
def test_length_is_what_comes_back(length):
    assert make(LanguageModeling).generate(PREFIX, length).shape == (3, length)


@pytest.mark.parametrize(
    ("prefix", "temperature"),
    [(PREFIX[:, :0], 1.0), (PREFIX, -0.1), (PREFIX, float("nan"))],
    ids=["empty", "below 0", "nan"],
)
def test_nonsense_is_refused(prefix, temperature):
    with pytest.raises(InputError, match="generate: expected"):
        make(LanguageModeling).generate(prefix, 3, temperature)
