"""DirectForecasting against torch alone: patches, what is known in advance, training under strategies, figures."""

import math
from statistics import NormalDist

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from sklearn.metrics import mean_pinball_loss
from torch import nn
from torch.utils.data import DataLoader

from conformance.forecast_runs import Pieces
from conformance.forecast_series import made
from conformance.forecast_series import make as make_data
from conformance.forecast_windows import CHANNELS, COLUMNS, WIDTH, C, H, pieces, windows
from conformance.strategies import CASES, strategy
from conformance.training import QUIET, SaveAfter, assert_close, assert_same, fit
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import ActivationPenalty, CarriedState, ClipNorm, ExponentialAveraging, TruncatedBPTT
from unrolled.tasks import DirectForecasting

E, HIDDEN, K = 3, 6, 2
LSTM = {"class_path": "LSTM", "init_args": {"hidden_size": HIDDEN}}
SGD = {"class_path": "SGD", "init_args": {"lr": 0.1}}
SQUEEZE = compose(DirectForecasting, TruncatedBPTT, CarriedState, ClipNorm, ActivationPenalty, ExponentialAveraging)


def make(cls=DirectForecasting, **given):
    torch.manual_seed(0)
    sizes = {"horizon": H, "context": C, "channels": CHANNELS, "series_embedding_size": E}
    return cls(**sizes | {"architecture": LSTM, "optimizer": SGD} | given).double()


def outputs(w, inputs, patch, cut=False):
    """The head's numbers (B, W, H, 2) from the columns of the inputs, an LSTM step by step; `cut` before the last."""
    indices = inputs[:, 0, COLUMNS["series"][0]].long()
    h = c = torch.zeros(len(inputs), HIDDEN, dtype=torch.float64)
    for begin in range(0, C, patch):
        if cut and begin == C - patch:
            h, c = h.detach(), c.detach()
        steps = [torch.cat([inputs[:, t, : WIDTH - 1], w["reader.embedding.weight"][indices]], 1) for t in range(C)]
        x = torch.cat(steps[begin : begin + patch], 1)
        cell = {name.rpartition(".")[2]: value for name, value in w.items() if ".cells." in name}
        gates = x @ cell["weight_ih_l0"].T + cell["bias_ih_l0"] + h @ cell["weight_hh_l0"].T + cell["bias_hh_l0"]
        i, f, g, o = gates.chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
    known = [inputs[:, C - 1 + step, column] for step in range(H) for column in COLUMNS["known"]]
    told = torch.cat([h, torch.stack(known, 1)], 1) @ w["head.weight"].T + w["head.bias"]
    return told.reshape(len(inputs), -1, H, 2)


def loss(raw, targets):
    """The mean over the steps of the horizon that are there."""
    ahead = targets[:, C - 1 :]
    known = ~ahead.isnan()
    mean, x = raw[:, 0][known], ahead[known]
    if raw.shape[1] == 1:
        return ((mean - x) ** 2).mean()
    return -torch.distributions.Normal(mean, nn.functional.softplus(raw[:, 1][known]) + 1e-3).log_prob(x).mean()


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(("output", "patch"), [("point", 1), ("point", 2), ("gaussian", 2), ("gaussian", 4)])
def test_training_equals_a_loop_in_torch_alone(output, patch, cut):
    """In whole, and truncated to windows of one patch, of which the last alone has something to learn."""
    cls = compose(DirectForecasting, TruncatedBPTT) if cut else DirectForecasting
    task = make(cls, output=output, patch=patch, **({"k1": 1} if cut else {}))
    w = {name: value.detach().clone().requires_grad_() for name, value in task.named_parameters()}
    for inputs, targets, *_ in [*pieces(), *pieces()]:
        gradients = torch.autograd.grad(loss(outputs(w, inputs, patch, cut), targets), [*w.values()])
        with torch.no_grad():
            for value, gradient in zip(w.values(), gradients, strict=True):
                value -= 0.1 * gradient
    run = fit(task, Pieces(pieces(), torch.float64))
    assert len(run.losses) == 8
    assert_close(run.weights, {name: value.detach() for name, value in w.items()})


def test_dropout_truncation_memory_clipping_penalties_and_averages_resume_bitwise(tmp_path):
    arguments = {"patch": 1, "k1": 2, "max_norm": 0.3, "alpha": 0.1, "beta": 0.1, "average_decay": 0.9, "dropout": 0.3}
    loader = Pieces([*pieces(), *pieces((2, 3))], torch.float64)

    def trained(**given):
        return fit(make(SQUEEZE, **arguments), loader, validation=loader, **given)

    whole = trained(callbacks=[SaveAfter(3, tmp_path / "last.ckpt")])
    resumed = trained(resume=tmp_path / "last.ckpt", seed=9)
    assert 0 < len(resumed.losses) < len(whole.losses)
    assert_same(resumed, whole)


@pytest.mark.parametrize("name", [name for name in CASES if strategy(name).seam == "feedback"])
def test_feedback_is_refused_by_name(name):
    with pytest.raises(
        InputError, match=f"^{name} is a strategy for Forecasting .*, not for DirectForecasting. Remove"
    ):
        compose(DirectForecasting, strategy(name))


@pytest.mark.parametrize("name", [name for name in CASES if strategy(name).seam not in ("feedback", "initialization")])
def test_every_other_strategy_is_absent_at_its_identity(name):
    absent = fit(make(patch=1), Pieces(pieces(), torch.float64))
    whole = {"RandomTruncation": {"base_length": C, "min_length": C}}  # the steps of a batch
    given = CASES[name].identity | whole.get(name, {})
    present = fit(make(compose(DirectForecasting, strategy(name)), patch=1, **given), Pieces(pieces(), torch.float64))
    assert_same(present, absent)


def evaluated(task, made, stage):
    runner = pl.Trainer(**QUIET)
    (measured,) = (runner.test if stage == "test" else runner.validate)(
        task, DataLoader(made, batch_size=None), verbose=False
    )
    return {name: value for name, value in measured.items() if "/" in name}


class Data:
    def baseline_errors(self, split):
        return {"naive": {"by_horizon": [1.0]}}

    def observed(self, split):
        return np.array([[1.5, 0.0], [math.nan, 0.0]])

    def baselines(self, split):
        return {"naive": 1.0}


@pytest.mark.parametrize(("stage", "output"), [("val", "gaussian"), ("test", "gaussian"), ("test", "point")])
def test_every_figure_of_an_evaluation_by_hand(stage, output):
    task, made = make(output=output, patch=2), pieces((3, 2, 1))
    measured = evaluated(task, made, stage)
    w = {name: value.detach() for name, value in task.named_parameters()}
    raw = torch.cat([outputs(w, b.inputs, 2) for b in made])
    targets, rows = torch.cat([b.targets for b in made]), torch.cat([b.rows for b in made])
    location, scale, deviation, season = rows[:, None, 1:].numpy().reshape(len(rows), 1, 4, 2).transpose(2, 0, 1, 3)
    x, f = location + scale * targets[:, C - 1 :].numpy(), location + scale * raw[:, 0].numpy()
    off = x - f
    figures = {
        "mse": (off / deviation) ** 2,
        "mae": abs(off / deviation),
        "mase": abs(off) / season,
        "smape": 200 * abs(off) / (abs(x) + abs(f)),
    }
    overall = {"rmse": math.sqrt(np.nanmean(off**2)), "loss": float(loss(raw, targets))}
    if output == "gaussian":
        spread = scale * (nn.functional.softplus(raw[:, 1]) + 1e-3).numpy()
        bounds = np.stack([f + NormalDist().inv_cdf(level / 10) * spread for level in range(1, 10)])
        truth, bounds = x[~np.isnan(x)], bounds[:, ~np.isnan(x)]
        losses = [mean_pinball_loss(truth, told, alpha=(k + 1) / 10) for k, told in enumerate(bounds)]
        overall["weighted_quantile_loss"] = 2 * len(truth) * np.mean(losses) / abs(truth).sum()
        figures["coverage_80"] = np.where(np.isnan(x), np.nan, abs(off) <= 1.2815515655446004 * spread)
    expected = {name: np.nanmean(values) for name, values in figures.items()} | overall
    for name, value in expected.items():
        assert measured[f"{stage}/{name}"] == pytest.approx(value, rel=1e-5), name
    assert measured.keys() == {f"{stage}/{name}" for name in expected}
    found = task.findings(Data(), stage)
    for name, values in figures.items():
        np.testing.assert_allclose([s[name] for s in found["by_horizon"]], np.nanmean(values, (0, 2)), rtol=1e-12)
    assert found["baseline_errors"] == {"naive": {"by_horizon": [1.0]}}
    assert task.baselines(Data(), stage) == {"baseline_metric": "mse", "baselines": {"naive": 1.0}}
    example = found["example"]
    assert example["history"] == [1.5, None]
    assert example["forecast"] == pytest.approx(f[0, :, 0].tolist(), rel=1e-12)


def test_a_forecast_of_a_batch_is_the_one_that_is_judged_and_dropout_is_off():
    task, batch = make(output="quantiles", patch=2, dropout=0.5), windows(3)
    mean, quantiles = task.forecast(batch)
    again, _ = task.forecast(batch, torch.Generator())
    assert torch.equal(mean, again) and task.training and not mean.requires_grad
    assert mean.shape == (3, H, 2) and quantiles.shape == (3, H, 2, 9)
    evaluated(task, [batch], "test")
    location, scale = batch.rows[0, 1], batch.rows[0, 3]
    shown = task.findings(Data(), "test")["example"]
    assert shown["upper"] == pytest.approx((location + scale * quantiles[0, :, 0, -1]).tolist(), rel=1e-12)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patch": 3}, f"the context a whole number of patches, got 3 for {C} steps; change it, or data.init_args."),
        ({"patch": 0}, f"expected a patch of at least 1 step, .*, got 0 for {C} steps"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_in_one_line(wrong, message):
    with pytest.raises(InputError, match=message) as caught:
        make(**wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("steps", [4, 9, 64])
def test_a_stream_is_refused_also_where_its_pieces_are_as_long_as_windows(steps):
    series = made(covariates=False, gaps=False)
    data = make_data(series=series, sampling="stream", sequence_length=steps, batch_size=3)
    assert steps != 9 or data.context + data.horizon - 1 == steps
    task = DirectForecasting(**data.sizes(), architecture=LSTM, optimizer=SGD)
    with pytest.raises(
        InputError, match=r"^data.init_args.sampling: expected windows, since DirectForecasting reads a"
    ):
        fit(task, data.train_dataloader())
    assert task.optimizer_steps == 0
