"""Forecasting against torch alone: training, the free run, errors by step of the horizon, resuming, arguments."""

import json

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader

from conformance.forecast_runs import Pieces, unscaled
from conformance.training import QUIET, SaveAfter, assert_close, assert_same, fit
from unrolled import compose
from unrolled.errors import InputError
from unrolled.functional.batch import ForecastBatch
from unrolled.strategies import CarriedState, ClipNorm, TruncatedBPTT
from unrolled.tasks import Forecasting
from unrolled.tuning.trial_run import Pruning

NAN = float("nan")
C, H = 5, 4
LENGTH = C + H - 1
LSTM = {"class_path": "LSTM", "init_args": {"hidden_size": 6}}
OUTPUTS = pytest.mark.parametrize("output", ["point", "gaussian"])


def make(cls=Forecasting, **given):
    torch.manual_seed(0)
    adam = {"class_path": "Adam", "init_args": {"lr": 0.02}}
    return cls(**{"horizon": H, "context": C, "architecture": LSTM, "optimizer": adam} | given)


def batches(sizes=(3, 3, 3, 2), missing=True):
    """Pieces of noisy waves; some targets are missing."""
    made = []
    for number, rows in enumerate(sizes):
        draw = torch.Generator().manual_seed(number)
        wave = torch.sin(torch.arange(LENGTH + 1) + 6 * torch.rand(rows, 1, generator=draw)).double()
        wave += 0.1 * torch.randn(wave.shape, generator=draw, dtype=torch.float64)
        targets = wave[:, 1:, None].clone()
        if missing:
            targets[0, number], targets[-1, LENGTH - 1 - number] = NAN, NAN
        fresh = (torch.arange(LENGTH) == 0).repeat(rows, 1)
        made.append(ForecastBatch(wave[:, :-1, None], targets, fresh, unscaled(rows)))
    return made


def loader(made):
    return DataLoader(made, batch_size=None)


class Plain(nn.Module):
    """The same weights in torch alone, one time step after the other."""

    def __init__(self, task):
        super().__init__()
        self.cell = nn.LSTMCell(1, 6)
        self.head = nn.Linear(6, task.head.out_features)
        self.double()
        names = {"cell": "architecture.cells.0", "head": "head"}
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                part, _, kind = name.partition(".")
                kind = f"{kind}_l0" if part == "cell" else kind
                parameter.copy_(task.get_parameter(f"{names[part]}.{kind}"))

    def named(self):
        """By the names of the task."""
        cell = {f"architecture.cells.0.{name}_l0": p for name, p in self.cell.named_parameters()}
        head = {f"head.{name}": p for name, p in self.head.named_parameters()}
        return {name: p.detach() for name, p in (cell | head).items()}

    def step(self, x, state):
        state = self.cell(x, state)
        return self.head(state[0]), state

    def forced(self, inputs):
        """What is put out at each step under the truth: (B, T, 1 or 2)."""
        state, outputs = None, []
        for t in range(inputs.shape[1]):
            output, state = self.step(inputs[:, t], state)
            outputs.append(output)
        return torch.stack(outputs, 1)

    def free(self, context, length):
        """The mean is read back: (B, length, 1)."""
        state, outputs = None, []
        for t in range(context.shape[1]):
            output, state = self.step(context[:, t], state)
        for _ in range(length):
            outputs.append(output[:, :1])
            output, state = self.step(outputs[-1], state)
        return torch.stack(outputs, 1)


def loss(outputs, targets):
    """The mean squared error, or with two outputs the negative log-likelihood of a normal distribution."""
    known = ~targets[..., 0].isnan()
    mean, x = outputs[known][:, 0], targets[known][:, 0]
    if outputs.shape[-1] == 1:
        return ((mean - x) ** 2).mean()
    return -torch.distributions.Normal(mean, nn.functional.softplus(outputs[known][:, 1]) + 1e-3).log_prob(x).mean()


@OUTPUTS
@pytest.mark.parametrize("k1", [None, 3])
def test_training_equals_a_loop_in_torch_alone(output, k1):
    """After two epochs, with full and with truncated back-propagation."""
    cls = Forecasting if k1 is None else compose(Forecasting, TruncatedBPTT)
    task = make(cls, output=output, **({} if k1 is None else {"k1": k1})).double()
    plain = Plain(task)
    optimizer, losses = torch.optim.Adam(plain.parameters(), lr=0.02), []
    for inputs, targets, *_ in [*batches(), *batches()]:
        state = None
        for start in range(0, LENGTH, k1 or LENGTH):
            outputs = []
            state = None if state is None else tuple(part.detach() for part in state)
            for t in range(start, min(start + (k1 or LENGTH), LENGTH)):
                out, state = plain.step(inputs[:, t], state)
                outputs.append(out)
            losses.append(loss(torch.stack(outputs, 1), targets[:, start : start + len(outputs)]))
            optimizer.zero_grad()
            losses[-1].backward()
            optimizer.step()
    run = fit(task, loader(batches()))
    assert_close(run.weights, plain.named())
    assert_close({"losses": torch.stack(run.losses)}, {"losses": torch.stack(losses).detach()})


@OUTPUTS
def test_the_free_run_equals_single_steps_that_each_read_the_last_output(output):
    task = make(output=output).double()
    plain, inputs = Plain(task), batches()[0].inputs
    for prefix, length in [(C, H), (1, 7), (LENGTH, 1)]:
        expected = plain.free(inputs[:, :prefix], length).detach()
        assert_close({"free": task.run_free(inputs[:, :prefix], length)}, {"free": expected})


class NoBaselines:
    def baseline_errors(self, split):
        return {}

    def observed(self, split):
        return np.zeros((C, 1))


def evaluated(task, made, stage):
    run = fit(task, loader(batches()))
    evaluate = run.trainer.validate if stage == "val" else run.trainer.test
    (measured,) = evaluate(task, loader(made), verbose=False)
    return {name: value for name, value in measured.items() if "/" in name}


@OUTPUTS
@pytest.mark.parametrize("stage", ["val", "test"])
def test_every_figure_of_an_evaluation_by_hand(output, stage):
    """Batches of unequal size with numbers missing; each of the numbers that are there counts once."""
    task, made = make(output=output).double(), batches((3, 3, 2, 1))
    measured = evaluated(task, made, stage)
    plain = Plain(task)
    forced = torch.cat([plain.forced(b.inputs) for b in made]).detach()
    targets = torch.cat([b.targets for b in made])
    assert measured[f"{stage}/loss"] == pytest.approx(float(loss(forced, targets)), rel=1e-6)  # logged in float32
    free = torch.cat([plain.free(b.inputs[:, :C], H) for b in made]).detach().numpy()
    ahead, held = targets[:, C - 1 :].numpy(), forced[:, C - 1 :, :1].numpy()
    assert np.isnan(ahead).any() and free.shape == ahead.shape == held.shape
    figures = {
        "free_running_mse": (free - ahead) ** 2,
        "free_running_mae": abs(free - ahead),
        "teacher_forced_mse": (held - ahead) ** 2,
    }
    for name, errors in figures.items():
        assert measured[f"{stage}/{name}"] == pytest.approx(np.nanmean(errors), rel=1e-6)
    gap = np.nanmean(figures["free_running_mse"]) - np.nanmean(figures["teacher_forced_mse"])
    assert measured[f"{stage}/exposure_gap"] == pytest.approx(gap, rel=1e-5)
    steps = task.findings(NoBaselines(), "test")["by_horizon"]
    assert [step.pop("step") for step in steps] == [1, 2, 3, 4]
    for name, errors in figures.items():
        np.testing.assert_allclose([s[name] for s in steps], np.nanmean(errors, (0, 2)), rtol=1e-12, err_msg=name)
    intervals = {"weighted_quantile_loss", "coverage_80"} if (output, stage) == ("gaussian", "test") else set()
    assert all(step.keys() == {*figures, "rmse", "mase", "smape"} | intervals for step in steps)
    assert steps[0]["free_running_mse"] == pytest.approx(steps[0]["teacher_forced_mse"], rel=1e-12)  # all truth so far


def test_a_second_evaluation_starts_anew_and_nothing_of_it_reaches_training():
    task = make().double()
    first = evaluated(task, batches(), "test")
    trainer = pl.Trainer(**QUIET)
    (other,) = trainer.test(task, loader(batches()[:1]), verbose=False)
    (again,) = trainer.test(task, loader(batches()), verbose=False)
    assert {name: again[name] for name in first} == first
    assert all(other[name] != value for name, value in first.items())
    assert_same(fit(make(), loader_32(), validation=loader_32()), fit(make(), loader_32()))


def loader_32():
    return loader([b._replace(inputs=b.inputs.float(), targets=b.targets.float()) for b in batches()])


def test_the_names_that_are_logged():
    run = fit(make().double(), loader(batches()), validation=loader(batches()), trainer={"log_every_n_steps": 1})
    logged = {name for name in run.trainer.callback_metrics if "/" in name}
    validation = {"loss", "free_running_mse", "free_running_mae", "teacher_forced_mse", "exposure_gap"}
    validation |= {"rmse", "mase", "smape"}
    assert logged == {"train/loss", "train/grad_norm"} | {f"val/{name}" for name in validation}


@pytest.mark.parametrize("name", ["free_running_mse", "free_running_mae", "teacher_forced_mse", "exposure_gap", "mase"])
def test_every_figure_can_be_monitored(name, tmp_path):
    """By checkpoints, early stopping and pruning alike; each hears the value of its own epoch."""
    best = pl.callbacks.ModelCheckpoint(tmp_path, monitor=f"val/{name}", filename="best")
    stopping = pl.callbacks.EarlyStopping(f"val/{name}", patience=99)
    heard = []
    pruning = Pruning(lambda step, metrics: heard.append(metrics[f"val/{name}"]) or len(heard) < 3)
    trainer = {"enable_checkpointing": True, "max_epochs": 9}
    run = fit(make(), loader_32(), validation=loader_32(), callbacks=[best, stopping, pruning], trainer=trainer)
    assert run.trainer.current_epoch == 3 and len({*heard}) == 3
    assert float(best.best_model_score) == min(heard) == float(stopping.best_score)


def test_a_scheduler_can_follow_a_figure_and_a_threshold_stop_at_one():
    scheduler = {"class_path": "ReduceLROnPlateau", "init_args": {"patience": 0}, "monitor": "val/exposure_gap"}
    stopping = pl.callbacks.EarlyStopping("val/free_running_mse", stopping_threshold=1e9)
    task = make(lr_scheduler=scheduler)
    run = fit(task, loader_32(), validation=loader_32(), callbacks=[stopping], trainer={"max_epochs": 9})
    assert run.trainer.current_epoch == 1 and stopping.wait_count == 0
    assert run.trainer.lr_scheduler_configs[0].scheduler.best == run.trainer.callback_metrics["val/exposure_gap"]


def test_dropout_is_off_while_the_model_runs_free_and_the_mode_comes_back():
    task = make(dropout=0.5)
    prefix = batches()[0].inputs[:, :C].float()
    for training in (True, False):
        task.train(training)
        assert torch.equal(task.run_free(prefix, 9), task.run_free(prefix, 9))
        assert task.training is task.head.training is training
        assert not task.run_free(prefix, 2).requires_grad


@OUTPUTS
@pytest.mark.parametrize("stop", [1, 3, 5, 8])
def test_a_run_resumed_in_mid_epoch_is_the_one_that_never_stopped_bitwise(output, stop, tmp_path):
    def trained(**given):
        cls = compose(Forecasting, TruncatedBPTT, CarriedState, ClipNorm)
        task = make(cls, output=output, k1=3, max_norm=0.5, dropout=0.2)
        runner = {"max_epochs": 3, "val_check_interval": 2}
        return fit(task, Pieces(batches((3, 3, 3, 2, 3))), validation=Pieces(batches()), trainer=runner, **given)

    path = tmp_path / "stopped.ckpt"
    whole = trained(callbacks=[SaveAfter(stop, path)])
    assert len(whole.losses) == 3 * 5 * 3  # epochs, batches, windows
    torch.manual_seed(99)
    resumed = trained(resume=path)
    assert len(resumed.losses) == len(whole.losses) - 3 * stop
    assert_same(resumed, whole)


def test_the_figures_of_a_model_that_repeats_its_input_are_those_of_the_last_value():
    """Weights by which the network hands on what it reads: its free run is the last value for ever."""
    task = make(architecture={"class_path": "RNN", "init_args": {"hidden_size": 1}}).double()
    with torch.no_grad():
        for name, parameter in task.named_parameters():
            scale = {"weight_ih_l0": 1e-4, "head.weight": 1e4}  # tanh of a small number is that number
            parameter.fill_(next((value for end, value in scale.items() if name.endswith(end)), 0.0))
    pl.Trainer(**QUIET).test(task, loader(batches()), verbose=False)
    measured = task.findings(NoBaselines(), "test")["by_horizon"]
    off = torch.cat([b.targets[:, C - 1 :] - b.inputs[:, C - 1 : C] for b in batches()])[..., 0].numpy()
    for name, errors in {"free_running_mse": off**2, "free_running_mae": abs(off), "mase": abs(off)}.items():
        np.testing.assert_allclose([s[name] for s in measured], np.nanmean(errors, 0), rtol=1e-6)
    assert json.loads(json.dumps(measured)) == measured


def test_baselines_and_their_errors_are_those_of_the_data():
    class Data:
        def baselines(self, split):
            return {"naive": {"test": 2.0, "valid": 3.0}[split]}

        def baseline_errors(self, split):
            return {"naive2": {"smape": 8.0, "mase": 2.0, "split": split}}

        def observed(self, split):
            return np.zeros((C, 1))

    task = make().double()
    assert task.baselines(Data(), "valid") == {"baseline_metric": "free_running_mse", "baselines": {"naive": 3.0}}
    (measured,) = pl.Trainer(**QUIET).test(task, loader(batches()), verbose=False)
    found = task.findings(Data(), "test")
    assert found["baseline_errors"] == {"naive2": {"smape": 8.0, "mase": 2.0, "split": "test"}}
    owa = (measured["test/smape"] / 8.0 + measured["test/mase"] / 2.0) / 2  # of the M4 competition
    assert found["owa"] == pytest.approx(owa, rel=1e-6)
    assert "owa" not in task.findings(NoBaselines(), "test")


def test_no_paths_are_refused_in_one_line():
    with pytest.raises(InputError, match=r"^task: expected paths of at least 1, got 0$"):
        make(paths=0)
