import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.functional.batch import last_outputs, length_mask, reverse_sequences

T = 6
rows = st.lists(st.integers(1, T), min_size=1, max_size=5)


def numbered(batch, *rest):
    return torch.arange(batch * T * 2.0).view(batch, T, 2)


@given(rows)
def test_within(lengths):
    assert length_mask(torch.tensor(lengths), T).tolist() == [[t < n for t in range(T)] for n in lengths]


@given(rows)
def test_last(lengths):
    outputs = numbered(len(lengths))
    assert last_outputs(outputs, torch.tensor(lengths)).tolist() == [
        outputs[b, n - 1].tolist() for b, n in enumerate(lengths)
    ]


@given(rows)
def test_reverse(lengths):
    sequence = numbered(len(lengths))
    turned = [row[:n][::-1] + row[n:] for row, n in zip(sequence.tolist(), lengths, strict=True)]
    assert reverse_sequences(sequence, torch.tensor(lengths)).tolist() == turned


@given(rows)
def test_reverse_of_tokens_and_twice(lengths):
    tokens, lengths = torch.arange(len(lengths) * T).view(-1, T), torch.tensor(lengths)
    once = reverse_sequences(tokens, lengths)
    assert once.dtype == torch.long and torch.equal(reverse_sequences(once, lengths), tokens)


def test_reverse_without_lengths_turns_whole_rows():
    sequence = numbered(3)
    assert reverse_sequences(sequence, None).tolist() == [row[::-1] for row in sequence.tolist()]
    assert torch.equal(reverse_sequences(sequence, None), reverse_sequences(sequence, torch.full((3,), T)))


def test_int32_lengths_do_as_well():
    lengths = torch.tensor([1, 4], dtype=torch.int32)
    assert length_mask(lengths, T).sum(1).tolist() == [1, 4]
    assert torch.equal(last_outputs(numbered(2), lengths), last_outputs(numbered(2), lengths.long()))
    assert torch.equal(reverse_sequences(numbered(2), lengths), reverse_sequences(numbered(2), lengths.long()))


def test_gradients_go_where_the_numbers_came_from():
    lengths = torch.tensor([2, T])
    outputs = numbered(2).requires_grad_()
    (gradient,) = torch.autograd.grad(last_outputs(outputs, lengths).sum(), outputs)
    expected = torch.zeros(2, T, 2)
    expected[0, 1] = expected[1, T - 1] = 1
    assert torch.equal(gradient, expected)
    weights = torch.randn(2, T, 2)
    (gradient,) = torch.autograd.grad((reverse_sequences(outputs, lengths) * weights).sum(), outputs)
    assert torch.equal(gradient, reverse_sequences(weights, lengths))
