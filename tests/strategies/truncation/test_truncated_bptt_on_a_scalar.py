"""TruncatedBPTT on h_t = w h_{t-1} + x_t, where every gradient can be written down; and a recipe that fails there."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from conformance.training import fit
from unrolled import compose
from unrolled.functional.batch import SequenceBatch
from unrolled.strategies import TruncatedBPTT
from unrolled.tasks.base import SequenceTask

W, H0 = 0.2, 0.9


class Scalar(SequenceTask):
    """One weight w; the loss of a step is h_t - y_t, or (h_t - y_t)^2 / 2 with `squared`."""

    def __init__(self, *, squared: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.squared, self.w = squared, nn.Parameter(torch.tensor(W, dtype=torch.float64))

    def initial_state(self, batch_size):
        return (torch.full((batch_size,), H0, dtype=torch.float64),)

    def predict(self, inputs, state):
        (h,), outputs = state, []
        for x in inputs.unbind(1):
            h = self.w * h + x
            outputs.append(h)
        return torch.stack(outputs, 1), (h,)

    def measure(self, hidden, targets):
        targets = targets[..., 0]
        loss = (hidden - targets) ** 2 / 2 if self.squared else hidden - targets
        return loss.sum(), torch.tensor(targets.numel())


def gradients(x, y, *, lr, **arguments):
    """The gradient with respect to w of each window of one sequence."""
    x, y = (torch.tensor([values], dtype=torch.float64) for values in (x, y))
    loader = DataLoader([SequenceBatch(x, y[..., None], torch.tensor([[True, False, False]]))], batch_size=None)
    arguments["optimizer"] = {"class_path": "SGD", "init_args": {"lr": lr}}
    run = fit(compose(Scalar, TruncatedBPTT)(**arguments), loader, trainer={"max_epochs": 1})
    return [float(gradient["w"]) for gradient in run.gradients]


@pytest.mark.parametrize("past", ["kept", "recomputed"])
def test_k1_of_1_and_k2_of_2_in_closed_form(past):
    (x1, x2, x3), (y1, y2, y3), lr = (0.5, -0.3, 0.7), (1.0, 0.4, -0.6), 0.5
    w0 = W
    h1 = w0 * H0 + x1
    g1 = (h1 - y1) * H0  # d/dw of (h1 - y1)^2 / 2
    w1 = w0 - lr * g1
    if past == "recomputed":
        h1 = w1 * H0 + x1  # read again with the new weight; step 1 is within the last two
    h2 = w1 * h1 + x2
    g2 = (h2 - y2) * (h1 + w1 * H0)
    w2 = w1 - lr * g2
    if past == "recomputed":
        h2 = w2 * h1 + x2  # h1 is a constant now, as the second window computed it
    h3 = w2 * h2 + x3
    g3 = (h3 - y3) * (h2 + w2 * h1)
    actual = gradients((x1, x2, x3), (y1, y2, y3), lr=lr, squared=True, k1=1, k2=2, past=past)
    assert actual == pytest.approx([g1, g2, g3], rel=1e-12)
    assert len({w0, w1, w2}) == 3


def test_k1_of_2_averages_over_its_two_steps():
    (x1, x2, x3), (y1, y2, y3) = (0.5, -0.3, 0.7), (1.0, 0.4, -0.6)
    h1 = W * H0 + x1
    h2 = W * h1 + x2
    h3 = W * h2 + x3
    d2 = h1 + W * H0
    g1 = ((h1 - y1) * H0 + (h2 - y2) * d2) / 2
    actual = gradients((x1, x2, x3), (y1, y2, y3), lr=0.0, squared=True, k1=2, k2=3)
    # The second window ends beyond the sequence: steps 2 and 3 are within the last three of step 4, step 1 is not.
    assert actual == pytest.approx([g1, (h3 - y3) * (h2 + W * h1)], rel=1e-12)


def forum_recipe():
    """Gradients of w after each of three steps, k1 = 1, k2 = 3, in the way of discuss.pytorch.org, topic 15500: a
    backward call per step, chained by `state.grad`, which nothing clears."""
    w = torch.tensor(W, dtype=torch.float64, requires_grad=True)
    states, gradients = [(None, torch.tensor(H0, dtype=torch.float64))], []  # (what a step read, what it made)
    for _ in range(3):
        read = states[-1][1].detach().requires_grad_()
        states.append((read, w * read))
        w.grad = None
        states[-1][1].backward(retain_graph=True)
        for (_, made), (read, _) in zip(states[-2:0:-1], states[:1:-1], strict=True):
            made.backward(read.grad, retain_graph=True)
        gradients.append(float(w.grad))
    return gradients


def test_the_forum_recipe_is_wrong_at_the_third_step_and_this_is_not():
    true = [H0, 2 * W * H0, 3 * W**2 * H0]  # d/dw of w^t h_0
    assert gradients((0.0,) * 3, (0.0,) * 3, lr=0.0, k1=1, k2=3) == pytest.approx(true, rel=1e-12)
    wrong = forum_recipe()
    assert wrong[:2] == pytest.approx(true[:2])
    # 0.288 for 0.108: what the second loss left at h_1, W, is still there and is sent back once more.
    assert wrong[2] == pytest.approx(true[2] + W * H0) == pytest.approx(0.288)
