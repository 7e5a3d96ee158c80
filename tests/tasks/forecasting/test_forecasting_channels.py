"""Forecasting of several series with every kind of channel, against torch alone."""

from copy import deepcopy

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader

from conformance.forecast_runs import Pieces, Reader
from conformance.forecast_windows import CHANNELS, COLUMNS, WIDTH, C, H, fed_back, pieces, windows
from conformance.strategies import CASES, strategy
from conformance.training import QUIET, assert_close, assert_same, fit
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import FreeRunning, TeacherForcing
from unrolled.tasks import Forecasting

E, HIDDEN = 3, 6
LSTM = {"class_path": "LSTM", "init_args": {"hidden_size": HIDDEN}}
FEEDBACK = [name for name in CASES if strategy(name).seam == "feedback"]
LIVE = {"LossScheduledSampling": {"high": 5.0, "low": 0.1}, "ProfessorForcing": {"fed_back": "likeliest"}}


def make(cls=Forecasting, **given):
    torch.manual_seed(0)
    adam = {"class_path": "Adam", "init_args": {"lr": 0.02}}
    sizes = {"horizon": H, "context": C, "channels": CHANNELS, "series_embedding_size": E}
    return cls(**sizes | {"architecture": LSTM, "optimizer": adam} | given).double()


class Plain(nn.Module):
    """The same weights in torch alone, one time step after the other; the last column is the index of a series."""

    def __init__(self, task):
        super().__init__()
        self.series, self.cell = nn.Embedding(3, E), nn.LSTMCell(WIDTH - 1 + E, HIDDEN)
        self.head = nn.Linear(HIDDEN, task.head.out_features)
        self.double()
        self.names = {"series.weight": "reader.embedding.weight"}
        for name, _ in self.named_parameters():
            part, _, kind = name.partition(".")
            self.names.setdefault(name, f"architecture.cells.0.{kind}_l0" if part == "cell" else name)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                parameter.copy_(task.get_parameter(self.names[name]))

    def named(self):
        return {self.names[name]: p.detach() for name, p in self.named_parameters()}

    def step(self, x, state):
        state = self.cell(torch.cat([x[:, :-1], self.series(x[:, -1].long())], 1), state)
        return self.head(state[0]), state

    def forced(self, inputs):
        state, outputs = None, []
        for t in range(inputs.shape[1]):
            output, state = self.step(inputs[:, t], state)
            outputs.append(output)
        return torch.stack(outputs, 1)

    def free(self, inputs, own=lambda output: output[:, :2]):
        """(B, H, 2): after the context it reads its own numbers, and of the others what is known in advance."""
        state, outputs = None, []
        for t in range(C + H - 1):
            x = inputs[:, t] if t < C else fed_back(inputs[:, t], outputs[-1])
            output, state = self.step(x, state)
            if t >= C - 1:
                outputs.append(own(output))
        return torch.stack(outputs, 1)


def loss(outputs, targets):
    known = ~targets.isnan()
    if outputs.shape[-1] == 2:
        return ((outputs[known] - targets[known]) ** 2).mean()
    mean, spread = (part[known] for part in outputs.split(2, -1))
    return -torch.distributions.Normal(mean, nn.functional.softplus(spread) + 1e-3).log_prob(targets[known]).mean()


@pytest.mark.parametrize("output", ["point", "gaussian"])
def test_training_equals_a_loop_in_torch_alone(output):
    task = make(output=output)
    plain = Plain(task)
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.02)
    for inputs, targets, *_ in [*pieces(), *pieces()]:
        optimizer.zero_grad()
        loss(plain.forced(inputs), targets).backward()
        optimizer.step()
    assert_close(fit(task, Pieces(pieces(), torch.float64)).weights, plain.named())


def test_the_free_run_reads_its_own_numbers_and_what_is_known_in_advance():
    task, batch = make(), windows(4)
    told, quantiles = task.forecast(batch)
    assert quantiles is None
    assert_close({"free": told}, {"free": Plain(task).free(batch.inputs).detach()})


def test_paths_read_what_they_drew_and_their_quantiles_are_told():
    task, batch = make(output="gaussian", paths=7), windows(3)
    expected, quantiles = task.forecast(batch, torch.Generator().manual_seed(5))
    draws = torch.Generator().manual_seed(5)

    def own(output):
        mean, spread = output.split(2, -1)
        noise = torch.randn(mean.shape, generator=draws, dtype=torch.float64)
        return mean + noise * (nn.functional.softplus(spread) + 1e-3)

    copies = batch.inputs.repeat_interleave(7, 0)
    paths = Plain(task).free(copies, own).detach().reshape(3, 7, H, 2).sort(1).values
    for level in range(1, 10):  # of seven numbers sorted, linear between neighbours
        place = 6 * level / 10
        low = paths[:, int(place)] + (place - int(place)) * (paths[:, min(int(place) + 1, 6)] - paths[:, int(place)])
        torch.testing.assert_close(quantiles[..., level - 1], low, rtol=0, atol=1e-12)
    assert_close({"mean": expected}, {"mean": Plain(task).free(batch.inputs).detach()})


@pytest.mark.parametrize("name", FEEDBACK)
def test_every_feedback_strategy_is_absent_at_its_identity(name):
    absent = fit(make(), Pieces(pieces(), torch.float64))
    present = fit(make(compose(Forecasting, strategy(name)), **CASES[name].identity), Pieces(pieces(), torch.float64))
    assert_same(present, absent)


@pytest.mark.parametrize("fed", ["likeliest", "expected"])
@pytest.mark.parametrize("name", FEEDBACK)
def test_every_feedback_strategy_reads_own_numbers_in_the_place_of_the_truth_alone(name, fed):
    given = CASES[name].live | LIVE.get(name, {}) | {"fed_back": fed}
    task = make(compose(Forecasting, strategy(name)), **given)
    reader, made = Reader(task), pieces()
    fit(task, Pieces(made, torch.float64), trainer={"max_epochs": 1})
    runs = len(reader.trained) // len(made)
    own = 0
    for number, read in enumerate(reader.trained):
        truth = made[number // runs].inputs
        for name_, columns in COLUMNS.items():
            if name_ in ("known", "static"):
                assert torch.equal(read[..., columns], truth[..., columns])
        replaced = (read[..., :2] != truth[..., :2]).any(-1)
        assert not replaced[:, :C].any()
        put = fed_back(truth.flatten(0, 1), read[..., :2].flatten(0, 1)).unflatten(0, truth.shape[:2])
        expected = torch.where(replaced[..., None], put, truth)
        assert torch.equal(read[..., : WIDTH - 1], expected[..., : WIDTH - 1])
        own += int(replaced.sum())
    assert own > 0


@pytest.mark.parametrize(("owner", "given"), [(TeacherForcing, {"ratio": 0.0}), (FreeRunning, {})])
def test_running_free_in_training_learns_what_a_loop_learns_that_feeds_itself(owner, given):
    """With the gradient through what is fed back: one graph over all steps."""
    task = make(compose(Forecasting, owner), gradient=True, optimizer=None, **given)
    plain, batch = Plain(task), windows(3)
    state, outputs = None, []
    for t in range(C + H - 1):
        x = batch.inputs[:, t] if t < C else fed_back(batch.inputs[:, t], outputs[-1])
        output, state = plain.step(x, state)
        outputs.append(output)
    loss(torch.stack(outputs, 1), batch.targets).backward()
    task.optimizer = {"class_path": "SGD", "init_args": {"lr": 0.0}}
    run = fit(task, Pieces([batch], torch.float64), trainer={"max_epochs": 1})
    assert_close(run.gradients[0], {plain.names[name]: p.grad for name, p in plain.named_parameters()})


def evaluated(task, made, stage="test"):
    runner = pl.Trainer(**QUIET)
    evaluate = runner.test if stage == "test" else runner.validate
    (measured,) = evaluate(task, DataLoader(made, batch_size=None), verbose=False)
    return {name: value for name, value in measured.items() if "/" in name}


def evaluated_example(task, stage):
    evaluated(task, pieces(), stage)
    return task.judge.example


def test_a_test_prints_the_same_numbers_again_and_draws_only_there():
    task = make(output="student_t")
    first, state = evaluated(task, pieces()), torch.get_rng_state()
    task.forecast(windows(), torch.Generator().manual_seed(1))
    assert torch.equal(torch.get_rng_state(), state)
    assert evaluated(deepcopy(task), pieces()) == first
    task.seed += 1
    other = evaluated(task, pieces())
    same = {name for name, value in first.items() if other[name] == value}
    assert first.keys() - same == {"test/weighted_quantile_loss", "test/coverage_80"}
    assert not {name for name in evaluated(task, pieces(), "val") if "coverage" in name or "quantile" in name}
    assert "lower" in evaluated_example(task, "test") and "lower" not in evaluated_example(task, "val")


def test_an_example_is_told_in_raw_numbers():
    class Data:
        def baseline_errors(self, split):
            return {}

        def observed(self, split):
            return np.array([[2.0, 9.0], [np.nan, 9.0], [4.0, 9.0], [5.0, 9.0]])

    task, batch = make(output="gaussian"), windows(2)
    evaluated(task, [batch, windows(2, 7)])
    found = task.findings(Data(), "test")["example"]
    location, scale = batch.rows[0, 1], batch.rows[0, 3]
    assert found["series"] == int(batch.rows[0, 0])
    assert found["history"] == [2.0, None, 4.0, 5.0]
    assert found["forecast"] == pytest.approx((location + scale * task.forecast(batch)[0][0, :, 0]).tolist(), rel=1e-12)
    truth = (location + scale * batch.targets[0, C - 1 :, 0]).tolist()
    assert [x if x is None else float(x) for x in found["truth"]] == [
        None if x != x else pytest.approx(x) for x in truth
    ]
    assert all(low < high for low, high in zip(found["lower"], found["upper"], strict=True))


def test_steps_ahead_that_are_missing_are_refused_in_one_line():
    with pytest.raises(InputError, match=r"^run_free: expected 4 steps ahead, got 3$"):
        make().run_free(windows().inputs[:, :C], 5, windows().inputs[:, C : C + 3])
