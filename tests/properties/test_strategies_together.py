"""Four strategies at once against one loop by hand, with no shared code: the sum of their papers."""

import pytest
import torch
from torch.nn import functional as F

from conformance.references.cells import PARTS, STEPS
from conformance.token_streams import B, stream
from conformance.training import assert_close, make, train
from unrolled import compose
from unrolled.strategies import CarriedState, ClipNorm, ScheduledSampling, TruncatedBPTT
from unrolled.tasks import LanguageModeling

RATE, MAX_NORM, OVER = 0.5, 0.3, 20
Four = compose(LanguageModeling, TruncatedBPTT, CarriedState, ScheduledSampling, ClipNorm)


def by_hand(cell, weights, batches, k1, k2):
    """The gradient before clipping of every optimizer step; a state is (recurrent parts, own last token or -1)."""
    w = {name: value.clone().requires_grad_() for name, value in weights.items()}
    gradients, kept = [], None
    for inputs, targets, fresh in batches:
        length = inputs.shape[1]
        if fresh[:, 0].all():
            kept = (torch.zeros(B, 6, dtype=torch.float64),) * PARTS[cell], torch.full((B,), -1)
        before = {0: kept}
        for end in range(k1, length + k1, k1):
            first, stop = max(0, end - k2), min(end, length)
            after = max(0, end + k1 - k2) if end < length else length  # where the next window starts
            borders = sorted({first, after, stop})
            ratio = max(0.2, 1 - 0.8 * len(gradients) / OVER)
            (state, own), losses = before[first], []
            state = tuple(part.detach() for part in state)
            for t in range(first, stop):
                if t in borders and ratio < 1:  # one draw for every piece that is read in one go
                    coins = torch.rand(B, borders[borders.index(t) + 1] - t) < ratio
                    piece = t
                token = inputs[:, t]
                if ratio < 1:
                    token = torch.where(coins[:, t - piece] | (own < 0), token, own)
                named = {name.rpartition(".")[2]: value for name, value in w.items()}
                state = STEPS[cell](w["embedding.weight"][token], state, named)
                logits = state[0] @ w["head.weight"].T + w["head.bias"]
                own = logits.argmax(-1) if ratio < 1 else torch.full((B,), -1)
                before[t + 1] = state, own
                if t >= end - k1:
                    losses.append(F.cross_entropy(logits, targets[:, t], ignore_index=-100, reduction="sum"))
            loss = sum(losses) / (targets[:, end - k1 : stop] != -100).sum()
            gradients.append(dict(zip(w, torch.autograd.grad(loss, [*w.values()]), strict=True)))
            norm = sum(float((g**2).sum()) for g in gradients[-1].values()) ** 0.5
            with torch.no_grad():
                for name, g in gradients[-1].items():
                    w[name] -= RATE * g * min(1.0, MAX_NORM / (norm + 1e-6))
        kept = before[length]
    return gradients, {name: value.detach() for name, value in w.items()}


@pytest.mark.parametrize("cell", STEPS)
@pytest.mark.parametrize(("k1", "k2"), [(4, 4), (3, 5), (2, 7), (8, 8)])
def test_four_strategies_equal_one_loop_by_hand(cell, k1, k2):
    arguments = {
        "architecture": {"class_path": cell, "init_args": {"hidden_size": 6}},
        "optimizer": {"class_path": "SGD", "init_args": {"lr": RATE}},
    }
    start = {name: p.detach() for name, p in make(LanguageModeling, **arguments).double().named_parameters()}
    torch.manual_seed(0)
    gradients, final = by_hand(cell, start, [*stream(), *stream()], k1, k2)
    live = {"k1": k1, "k2": k2, "past": "recomputed", "max_norm": MAX_NORM}
    live |= {"start": 1.0, "end": 0.2, "decay": "linear", "over": OVER}
    run = train(Four, dtype=torch.float64, **arguments, **live)
    for actual, expected in zip(run.gradients, gradients, strict=True):
        assert_close(actual, expected, 1e-11)
    assert_close(run.weights, final)
