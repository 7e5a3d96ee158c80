"""Fields of a batch of sentence pairs."""

import torch

from unrolled.functional.batch import IGNORE, lengthen
from unrolled.functional.translation import BEGIN, END, mask_special_tokens, pair_batch, up_to_end


def batch():
    sources = [torch.tensor([7, 8, 9]), torch.tensor([4])]
    return pair_batch(sources, [torch.tensor([5]), torch.tensor([6, 7])])


def test_the_decoder_reads_the_target_one_step_late():
    made = batch()
    assert made.inputs.tolist() == [[BEGIN, 5, 0], [BEGIN, 6, 7]]
    assert made.targets.tolist() == [[5, END, IGNORE], [6, 7, END]]
    assert made.resets.tolist() == [[True, False, False]] * 2
    assert made.source.tolist() == [[7, 8, 9], [4, 0, 0]] and made.source_lengths.tolist() == [3, 1]


def test_a_longer_batch_keeps_its_source():
    longer = lengthen(batch(), 5)
    assert torch.equal(longer.source, batch().source) and longer.source_lengths.tolist() == [3, 1]
    assert longer.targets[:, 3:].tolist() == [[IGNORE] * 2] * 2 and longer.inputs.shape == longer.resets.shape == (2, 5)


def test_a_sentence_goes_up_to_its_first_end():
    assert up_to_end(torch.tensor([[5, END, 6], [END, 4, END], [3, 4, 5]])) == [[5], [], [3, 4, 5]]


def test_what_can_be_said():
    scores = torch.randn(2, 3, 5, requires_grad=True)
    masked = mask_special_tokens(scores)
    assert (masked[..., :2] == -torch.inf).all() and torch.equal(masked[..., 2:], scores[..., 2:])
