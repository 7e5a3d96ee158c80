"""What both tasks around series have in common: what they refuse, and what they tell of the data."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from conformance.forecast_windows import CHANNELS, C, H, windows
from conformance.training import QUIET
from unrolled.errors import InputError
from unrolled.tasks import DirectForecasting, Forecasting

BOTH = pytest.mark.parametrize("cls", [Forecasting, DirectForecasting])


def make(cls, **given):
    lstm = {"class_path": "LSTM", "init_args": {"hidden_size": 6}}
    sizes = {"horizon": H, "context": C, "channels": CHANNELS}
    return cls(**sizes | {"architecture": lstm} | given).double()


@BOTH
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"horizon": 0}, f"^task: expected a horizon and a context of at least 1 step, got 0 and {C}$"),
        ({"context": 0}, f"got {H} and 0"),
        ({"output": "student"}, "point, gaussian, student_t or quantiles, got student"),
        ({"loss": "absolute", "output": "gaussian"}, "a loss of squared, which output gaussian ignores"),
        ({"levels": [0.1, 0.9]}, "levels need output quantiles, got point"),
        (
            {"series_embedding_size": 4, "channels": None},
            "above 0 only for data of several series, got 4 for data without a series",
        ),
        ({"series_embedding_size": -1}, "of 0 or more.*got -1 for 3 series"),
        ({"dropout": 1.0}, "dropout.*1.0"),
        ({"architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 5, "bidirectional": True}}}, "direction"),
        ({"architecture": {"class_path": "os.system"}}, "LSTM.*os.system"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_in_one_line(cls, wrong, message):
    with pytest.raises(InputError, match=message) as caught:
        make(cls, **wrong)
    assert "\n" not in str(caught.value)


@BOTH
@pytest.mark.parametrize("length", [1, C, C + H - 2, C + H])
def test_windows_of_another_length_are_refused_in_one_line(cls, length):
    batch = windows(2)
    parts = [torch.cat([part, part[:, -1:]], 1)[:, :length] for part in batch[:3]]
    short = batch._replace(inputs=parts[0], targets=parts[1], resets=parts[2])
    message = rf"^task: expected windows of context \+ horizon - 1 = {C + H - 1} steps, got {length}$"
    for evaluate in (pl.Trainer(**QUIET).test, pl.Trainer(**QUIET).validate):
        with pytest.raises(InputError, match=message):
            evaluate(make(cls), DataLoader([short], batch_size=None), verbose=False)
    with pytest.raises(InputError, match=message):
        make(cls).forecast(short)


@BOTH
def test_the_loss_has_one_name_and_each_split_its_own_baselines(cls):
    class Data:
        def baselines(self, split):
            return {"naive": {"test": 2.0, "valid": 3.0}[split]}

    task = make(cls)
    assert task.summarize({"val/loss": torch.tensor(1.0)}).keys() == {"val/loss"}
    assert task.baselines(Data(), "valid") == {"baseline_metric": task.metric, "baselines": {"naive": 3.0}}
