import math

import pytest
import torch

from unrolled.data import TemporalOrder
from unrolled.functional.batch import IGNORE

WORDS = "abcdXYEB"
CLASSES = {
    2: ["XX", "XY", "YX", "YY"],
    3: ["XXX", "XXY", "XYX", "XYY", "YXX", "YXY", "YYX", "YYY"],
}
PLACES = {2: [(10, 20), (50, 60)], 3: [(10, 20), (33, 43), (66, 76)]}  # of 100 steps, as in the paper


@pytest.mark.parametrize("bits", [2, 3])
@pytest.mark.parametrize("length", [10, 11, 13, 37, 100, 250])
def test_the_class_is_the_order_of_the_marked_symbols(length, bits):
    data = TemporalOrder(length=length, bits=bits, batch_size=400, batches=1)
    ((inputs, targets, _),) = data.train_dataloader()
    assert data.sizes() == {"vocabulary_size": len(WORDS), "classes": len(CLASSES[bits])}
    assert (targets[:, :-1] == IGNORE).all()
    places = [set() for _ in range(bits)]
    for tokens, target in zip(inputs.tolist(), targets[:, -1].tolist(), strict=True):
        word = "".join(WORDS[token] for token in tokens)
        marked = [step for step, letter in enumerate(word) if letter in "XY"]
        assert word[0] == "E" and word[-1] == "B" and word.count("E") == word.count("B") == 1
        assert len(word) == length and len(marked) == bits
        assert CLASSES[bits][target] == "".join(word[step] for step in marked)
        [seen.add(step) for seen, step in zip(places, marked, strict=True)]
    for seen, (low, high) in zip(places, PLACES[bits], strict=True):
        assert math.floor(low * length / 100) <= min(seen) and max(seen) <= math.floor(high * length / 100)
        if length == 100:
            assert seen == set(range(low, high + 1))


@pytest.mark.parametrize("bits", [2, 3])
def test_guessing_costs_what_is_told(bits):
    data = TemporalOrder(length=10, bits=bits, eval_batches=1, eval_batch_size=50_000)
    ((_, targets, _),) = data.test_dataloader()
    shares = torch.bincount(targets[:, -1], minlength=2**bits).double() / 50_000
    assert float(-(shares * shares.log()).sum()) == pytest.approx(data.baselines()["chance"], rel=1e-3)
