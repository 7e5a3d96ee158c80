"""The gradient by lag, against graphs built by hand, against closed forms, and that measuring it leaves no trace."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from conformance.references.cells import PARTS, STEPS
from conformance.token_streams import B, T, stream
from conformance.training import DROPOUT, fit, make, train
from unrolled import compose
from unrolled.functional.batch import IGNORE, SequenceBatch
from unrolled.strategies import CarriedState, TeacherForcing
from unrolled.strategies.truncation._gradient_lags import lag_norms, pick
from unrolled.tasks import LanguageModeling
from unrolled.tasks.base import SequenceTask


class Measuring(SequenceTask):
    """Measure before the first window of every batch."""

    asked = ([-1], 0, 0)  # steps, horizon, begin

    def windows(self, targeted):
        steps, horizon, begin = self.asked
        steps = torch.tensor([*steps, *[-1] * (len(self.batch.inputs) - len(steps))])
        self.measured = getattr(self, "measured", [])
        if horizon:
            self.measured.append(lag_norms(self, steps, horizon, begin))
        return super().windows(targeted)


class Linear(SequenceTask):
    """h_t = w h_{t-1} + x_t, loss h_t^2 / 2."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.w = nn.Parameter(torch.tensor(0.7, dtype=torch.float64))

    def initial_state(self, batch_size):
        return (torch.full((batch_size,), 0.9, dtype=torch.float64),)

    def predict(self, inputs, state):
        (h,), outputs = state, []
        for x in inputs[..., 0].unbind(1):
            h = self.w * h + x
            outputs.append(h)
        return torch.stack(outputs, 1)[..., None], (h,)

    def measure(self, hidden, targets):
        return (hidden**2 / 2).sum(), torch.tensor(targets.numel())


def measured(cls, asked, loader, **arguments):
    task = compose(cls, Measuring)(optimizer={"class_path": "SGD", "init_args": {"lr": 0.0}}, **arguments)
    task.asked = asked
    fit(task, loader, trainer={"max_epochs": 1})
    return task


def one(inputs, fresh=((0, 0),)):
    marks = torch.zeros(inputs.shape[:2], dtype=torch.bool)
    for row, t in fresh:
        marks[row, t] = True
    return SequenceBatch(inputs, torch.zeros_like(inputs), marks)


def test_a_linear_network_in_closed_form():
    """dL_s/dh_{s-j} = h_s w^j: from row 0 at step 4; row 1 starts anew at step 2; row 2 is left out."""
    inputs = torch.randn(3, 6, 1, dtype=torch.float64)
    loader = DataLoader([one(inputs, [(0, 0), (1, 0), (2, 0), (1, 2)])], batch_size=None)
    (found,) = measured(Linear, ([4, 4, -1], 6, 0), loader).measured
    h = [0.9, 0.9]
    for t in range(5):
        h = [0.9 if t == 2 and row == 1 else h[row] for row in range(2)]
        h = [0.7 * h[row] + float(inputs[row, t, 0]) for row in range(2)]
    powers = torch.tensor([0.7**j for j in range(1, 7)], dtype=torch.float64)
    inside = torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 0, 0]], dtype=torch.float64)  # the first state is given
    expected = torch.tensor(h, dtype=torch.float64).abs()[:, None] * powers * inside
    torch.testing.assert_close(found.norms[:2], expected)
    torch.testing.assert_close(found.sums[:2], expected.cumsum(1))
    assert found.seen.tolist() == [[True] * 6, [True] * 6, [False] * 6]


def test_a_process_without_any_row_to_look_at_has_seen_nothing():
    inputs = torch.randn(2, 5, 1, dtype=torch.float64)
    (found,) = measured(Linear, ([-1, -1], 3, 1), DataLoader([one(inputs)], batch_size=None)).measured
    assert not found.seen.any() and not found.norms.any() and not found.sums.any()


def test_what_a_carried_row_had_before_the_batch_was_not_seen():
    inputs = torch.randn(2, 5, 1, dtype=torch.float64)
    batches = [one(inputs, [(0, 0), (1, 0)]), one(inputs, [(1, 3)])]
    _, second = measured(compose(Linear, CarriedState), ([2, 4], 5, 0), DataLoader(batches, batch_size=None)).measured
    assert second.seen.tolist() == [[True] * 3 + [False] * 2, [True] * 5]
    assert (second.norms[0, :3] > 0).all() and (second.norms[1, 1:] == 0).all()


def test_beginning_later_sees_the_same_gradient_and_fewer_lags():
    inputs = torch.randn(2, 6, 1, dtype=torch.float64)
    loader = DataLoader([one(inputs, [(0, 0), (1, 0)])], batch_size=None)
    (whole,), (late,) = (measured(Linear, ([4, 5], 6, begin), loader).measured for begin in (0, 2))
    assert late.seen.tolist() == [[True] * 3 + [False] * 3, [True] * 4 + [False] * 2]
    for seen, expected in ((late.norms, whole.norms), (late.sums, whole.sums)):
        torch.testing.assert_close(seen[late.seen], expected[late.seen])


@pytest.mark.parametrize("cell", STEPS)
def test_equals_a_graph_built_by_hand(cell):
    arguments = {"architecture": {"class_path": cell, "init_args": {"hidden_size": 6}}}
    task = make(compose(LanguageModeling, Measuring), **arguments).double()
    task.asked = ([7, 3, 5], 8, 0)
    weights = {name.rpartition(".")[2]: p.detach().clone() for name, p in task.named_parameters()}
    embedding, head = (dict(task.named_parameters())[f"{n}.weight"].detach().clone() for n in ("embedding", "head"))
    bias = task.head.bias.detach().clone()
    fit(task, stream(), trainer={"max_epochs": 1, "max_steps": 1})
    found, batch = task.measured[0], next(iter(stream()))
    for row, s in enumerate(task.asked[0]):
        state, states = (torch.zeros(1, 6, dtype=torch.float64, requires_grad=True),) * PARTS[cell], []
        for t in range(s + 1):
            state = tuple(part.clone() for part in state)  # an LSTM's h is made of its c, and is a part of its own
            states.append(state)
            state = STEPS[cell](embedding[batch.inputs[row, t]][None], state, weights)
        loss = F.cross_entropy(state[0] @ head.T + bias, batch.targets[row, s : s + 1])
        gradients = [torch.cat(torch.autograd.grad(loss, h, retain_graph=True), 1) for h in states[:0:-1]]
        norms = [float(g.norm()) for g in gradients] + [0.0] * (8 - s)
        sums = [float(sum(gradients[: j + 1]).norm()) for j in range(s)]
        assert found.norms[row].tolist() == pytest.approx(norms, rel=1e-12, abs=1e-15)
        assert found.sums[row].tolist() == pytest.approx(sums + sums[-1:] * (8 - s), rel=1e-12)


@pytest.mark.parametrize("strategies", [(), (CarriedState,), (TeacherForcing, CarriedState)], ids=str)
def test_measuring_leaves_no_trace(strategies):
    """Not one random number is used up: dropout, coins, weights and losses are those of a run that never measured."""
    cls, forcing = compose(LanguageModeling, *strategies), {"ratio": 0.5} if TeacherForcing in strategies else {}
    Watched = compose(LanguageModeling, *strategies, Measuring)
    Watched.asked = ([T // 2 - 1] * B, 5, 0)
    expected, actual = train(cls, **DROPOUT, **forcing), train(Watched, **DROPOUT, **forcing)
    assert len(actual.task.measured) == 8
    assert torch.equal(torch.stack(actual.losses), torch.stack(expected.losses))
    assert all(torch.equal(actual.weights[name], value) for name, value in expected.weights.items())
    assert all(torch.isfinite(found.norms).all() and found.norms[:, 0].gt(0).any() for found in actual.task.measured)


def test_one_eligible_step_of_each_row_is_picked():
    eligible = torch.tensor([[1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]], dtype=torch.bool)
    assert pick(eligible, torch.tensor([0.0, 0.0, 0.0])).tolist() == [0, -1, 1]
    assert pick(eligible, torch.tensor([0.34, 0.5, 0.9999])).tolist() == [2, -1, 1]
    assert pick(eligible, torch.tensor([0.9999, 0.9, 0.5])).tolist() == [3, -1, 1]


def test_rows_without_a_target_are_never_picked():
    targets = torch.full((B, 5), IGNORE)
    assert pick(targets != IGNORE, torch.rand(B)).tolist() == [-1] * B
