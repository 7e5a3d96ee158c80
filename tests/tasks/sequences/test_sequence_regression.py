"""SequenceRegression against torch alone: training, targets of nan, the identity readout, evaluation, arguments."""

import math

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from conformance.training import assert_close, fit, weights
from unrolled import compose
from unrolled.data import AddingProblem, InfluenceBalancing
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch, at_end, pad_rows
from unrolled.strategies import CarriedState, TruncatedBPTT
from unrolled.tasks import SequenceRegression

NAN = float("nan")
LSTM = {"class_path": "LSTM", "init_args": {"hidden_size": 5}}


def make(cls=SequenceRegression, **given):
    torch.manual_seed(0)
    adam = {"class_path": "Adam", "init_args": {"lr": 0.02}}
    return cls(**{"input_size": 2, "output_size": 3, "architecture": LSTM, "optimizer": adam} | given)


def batches(count=4, rows=3, length=7, outputs=3):
    """random numbers; a third of the targets is missing, and all of some steps."""
    made = []
    for number in range(count):
        draw = torch.Generator().manual_seed(number)
        inputs = torch.randn(rows, length, 2, generator=draw, dtype=torch.float64)
        targets = torch.randn(rows, length, outputs, generator=draw, dtype=torch.float64)
        targets[torch.rand(targets.shape, generator=draw) < 0.3] = NAN
        targets[:, 3 + number] = NAN  # in the last batch: all of the last window of three
        fresh = (torch.arange(length) == 0).repeat(rows, 1)
        made.append(SequenceBatch(inputs, targets, fresh))
    return made


def loader(made):
    return DataLoader(made, batch_size=None)


class Plain(nn.Module):
    """The same weights in torch alone."""

    def __init__(self, task):
        super().__init__()
        self.architecture = nn.ModuleDict({"cells": nn.ModuleList([nn.LSTM(2, 5, batch_first=True)])})
        self.head = nn.Linear(5, 3)
        self.double().load_state_dict(task.state_dict())

    def forward(self, inputs, state=None):
        hidden, state = self.architecture["cells"][0](inputs, state)
        return self.head(hidden), state


def mse(predictions, targets):
    known = [(p, t) for p, t in zip(predictions.flatten(), targets.flatten(), strict=True) if not math.isnan(t)]
    return sum((p - t) ** 2 for p, t in known) / len(known)


@pytest.mark.parametrize("k1", [None, 3])
def test_training_equals_a_loop_in_torch_alone(k1):
    """After two epochs, with full and with truncated back-propagation; a window of no targets is no step."""
    plain = Plain(make().double())
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.02)
    for inputs, targets, _ in [*batches(), *batches()]:
        state = None
        for piece in [slice(0, 7)] if k1 is None else [slice(0, 3), slice(3, 6), slice(6, 7)]:
            state = None if state is None else tuple(part.detach() for part in state)
            predictions, state = plain(inputs[:, piece], state)
            if targets[:, piece].isnan().all():
                continue
            optimizer.zero_grad()
            mse(predictions, targets[:, piece]).backward()
            optimizer.step()
    task = make() if k1 is None else make(compose(SequenceRegression, TruncatedBPTT), k1=k1)
    run = fit(task.double(), loader(batches()))
    assert_close(run.weights, weights(plain))


def test_a_target_at_the_last_step_alone_is_learnt_and_measured_there():
    data = AddingProblem(length=9, batches=3, batch_size=4, eval_batches=2, eval_batch_size=6)
    data.setup()
    task = make(output_size=1)
    run = fit(task, data.train_dataloader())
    assert len(run.losses) == 6
    (measured,) = run.trainer.test(task, data.test_dataloader(), verbose=False)
    hidden = [task.predict(b.inputs, task.initial_state(6))[0] for b in data.test_dataloader()]
    errors = [
        (task.head(h)[:, -1, 0] - b.targets[:, -1, 0]) ** 2 for h, b in zip(hidden, data.test_dataloader(), strict=True)
    ]
    expected = float(torch.cat(errors).mean().detach())
    assert measured["test/loss"] == measured["test/mse"] == pytest.approx(expected, rel=1e-6)
    assert task.baselines(data, "test") == {"baseline_metric": "mse", "baselines": {"constant": 1 / 6}}


@pytest.mark.parametrize("stage", ["val", "test"])
def test_evaluation_is_the_mean_over_all_numbers_of_the_split_and_the_state_flows_on(stage):
    """Batches with unequal shares of missing numbers; only the first one is fresh."""
    made = batches()
    made = [b._replace(resets=b.resets & (number == 0)) for number, b in enumerate(made)]
    task = make().double()
    run = fit(task, loader(batches()))
    evaluate = run.trainer.validate if stage == "val" else run.trainer.test
    (measured,) = evaluate(task, loader(made), verbose=False)
    whole = Plain(task)(torch.cat([b.inputs for b in made], 1))[0]
    expected = float(mse(whole.detach(), torch.cat([b.targets for b in made], 1)))
    assert measured[f"{stage}/loss"] == pytest.approx(expected, rel=1e-6)


def test_the_identity_readout_trains_the_architecture_alone():
    """One step of gradient descent on theta, from a state of zero and through two time steps, by hand."""
    sgd = {"class_path": "SGD", "init_args": {"lr": 1e-3}}
    given = {"input_size": 1, "output_size": 1, "readout": "identity", "optimizer": sgd}
    cls = compose(SequenceRegression, CarriedState, TruncatedBPTT)
    task = make(cls, **given, architecture={"class_path": "InfluenceNetwork"}, k1=2).double()
    with torch.no_grad():
        task.architecture.theta.fill_(0.5)
    ((inputs, targets, fresh),) = InfluenceBalancing(length=2, batches=1).train_dataloader()
    run = fit(task, loader([SequenceBatch(inputs.double(), targets.double(), fresh)]), trainer={"max_epochs": 1})
    # s_1 is 0.5 after the first step, and 0.5 (1/2 + 1/2) + 0.5 = 1 after the second: d s_1 / d theta is 1, then 2
    gradient = (2 * (0.5 - 1) * 1 + 2 * (1.0 - 1) * 2) / 2
    assert [*run.weights] == ["architecture.theta"]
    assert float(run.weights["architecture.theta"]) == pytest.approx(0.5 - 1e-3 * gradient, rel=1e-14)


def test_the_names_that_are_logged():
    run = fit(make().double(), loader(batches()), validation=loader(batches()), trainer={"log_every_n_steps": 1})
    logged = {name for name in run.trainer.callback_metrics if "/" in name}
    assert logged == {"train/loss", "train/mse", "train/grad_norm", "val/loss", "val/mse"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"input_size": 0}, "at least 1 input and 1 output, got 0 and 3"),
        ({"output_size": 0}, "got 2 and 0"),
        ({"readout": "softmax"}, "linear or identity, got softmax"),
        ({"readout": "identity"}, "has 5 outputs, the data 3"),
        ({"dropout": 1.0}, "dropout.*1.0"),
        ({"architecture": {"class_path": "os.system"}}, "LSTM.*os.system"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_in_one_line(wrong, message):
    with pytest.raises(InputError, match=message) as caught:
        make(**wrong)
    assert "\n" not in str(caught.value)


def test_both_directions_read_each_row_up_to_its_last_target():
    """Against torch alone, row by row; what stands in padding changes nothing."""
    both = {"class_path": "LSTM", "init_args": {"hidden_size": 5, "bidirectional": True}}
    task = make(architecture=both).double()
    rows = [torch.randn(length, 2, dtype=torch.float64) for length in (7, 2, 4)]
    told = [at_end(torch.randn(3, dtype=torch.float64), len(row)) for row in rows]
    plain = nn.LSTM(2, 5, batch_first=True, bidirectional=True).double()
    with torch.no_grad():
        for suffix, cell in zip(("", "_reverse"), task.architecture.cells, strict=True):
            for name, value in cell.named_parameters():
                getattr(plain, name + suffix).copy_(value)
    last = torch.stack([task.head(plain(row[None])[0][0, -1]) for row in rows])
    expected = (last - torch.stack([one[-1] for one in told])).square().mean()
    batch = pad_rows(rows, told)
    beyond = torch.arange(7) >= torch.tensor([[7], [2], [4]])
    batch = batch._replace(inputs=batch.inputs.masked_fill(beyond[..., None], 9.0))
    run = fit(task, loader([batch]), trainer={"max_epochs": 1})
    torch.testing.assert_close(run.losses[0], expected.detach(), rtol=0, atol=1e-12)
    with pytest.raises(InputError, match="needs full sequences, but TruncatedBPTT splits"):
        make(compose(SequenceRegression, TruncatedBPTT), architecture=both, k1=2)
