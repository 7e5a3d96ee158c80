"""What a forecaster reads of a step, and cells that need more than the data hand over."""

from types import SimpleNamespace

import pytest
import torch

from conformance.forecast_runs import Pieces, unscaled
from conformance.training import fit
from unrolled.errors import InputError
from unrolled.functional.batch import ForecastBatch
from unrolled.functional.forecasting.channels import Channels
from unrolled.tasks import DirectForecasting, Forecasting
from unrolled.tasks.forecasting.forecaster import SeriesReader, check_marks, check_numbers


def test_numbers_are_read_as_they_are_and_an_index_by_its_embedding():
    numbers = torch.randn(4, 5, 3)
    assert SeriesReader(Channels(2, known=1), 0)(numbers) is numbers
    inputs = torch.cat([numbers, torch.tensor([0.0, 2.0, 1.0, 2.0])[:, None, None].expand(-1, 5, 1)], -1)
    layout = Channels(2, known=1, series=3)
    blind = SeriesReader(layout, 0)
    assert torch.equal(blind(inputs), numbers) and blind.output_size == 3
    reader = SeriesReader(layout, 6)
    assert reader.output_size == 9
    expected = reader.embedding.weight[torch.tensor([0, 2, 1, 2])][:, None].expand(-1, 5, -1)
    assert torch.equal(reader(inputs), torch.cat([numbers, expected], -1))


@pytest.mark.parametrize(("dtype", "most"), [(torch.bfloat16, 257), (torch.float16, 2049), (torch.float32, 2**24 + 1)])
def test_an_index_that_a_type_would_round_to_another_one_is_refused(dtype, most):
    assert torch.equal(torch.tensor([most - 1], dtype=dtype).long(), torch.tensor([most - 1]))
    assert torch.equal(
        torch.tensor([most], dtype=dtype).long(), torch.tensor([most - 1])
    )  # it would be embedded as this
    check_numbers(most, dtype)
    message = (
        rf"^trainer.precision: expected a type that numbers {most + 1:,} series, got {dtype}, which numbers {most:,}"
    )
    with pytest.raises(InputError, match=message):
        check_numbers(most + 1, dtype)


@pytest.mark.parametrize("cls", [Forecasting, DirectForecasting])
@pytest.mark.parametrize("series", [257, 300])
def test_training_in_half_precision_embeds_each_series_as_itself_or_not_at_all(cls, series):
    lstm = {"class_path": "LSTM", "init_args": {"hidden_size": 3}}
    sgd = {"class_path": "SGD", "init_args": {"lr": 1.0}}
    given = {"channels": {"series": series}, "architecture": lstm, "optimizer": sgd, "series_embedding_size": 2}
    task = cls(horizon=2, context=3, **given)
    index = torch.tensor([255.0, 256.0])[:, None, None].expand(-1, 4, 1)
    inputs, targets = torch.cat([torch.randn(2, 4, 1), index], -1), torch.randn(2, 4, 1)
    batch = ForecastBatch(inputs, targets, (torch.arange(4) == 0).repeat(2, 1), unscaled(2).float())
    before = task.reader.embedding.weight.detach().bfloat16()
    if series > 257:
        with pytest.raises(InputError, match="numbers 300 series, got torch.bfloat16, which numbers 257; use"):
            fit(task, Pieces([batch], torch.float32), trainer={"precision": "bf16-true", "max_epochs": 1})
        return
    fit(task, Pieces([batch], torch.float32), trainer={"precision": "bf16-true", "max_epochs": 1})
    changed = (task.reader.embedding.weight.detach() != before).any(1)
    assert changed.nonzero().flatten().tolist() == [255, 256]


MARKED = Channels(2, marks=2, since=2)


def test_a_cell_that_reads_marks_is_taken_where_they_stand():
    check_marks(SimpleNamespace(values=2), MARKED)
    check_marks(SimpleNamespace(), Channels(1))


@pytest.mark.parametrize(
    ("values", "layout", "patch", "told"),
    [
        (1, Channels(1), 1, "1, 0 and 0"),
        (2, Channels(2, marks=2), 1, "2, 2 and 0"),
        (2, Channels(2, since=2), 1, "2, 0 and 2"),
        (1, MARKED, 1, "2, 2 and 2"),
        (2, MARKED, 3, "2, 2 and 2 in patches of 3"),
    ],
)
def test_a_cell_that_reads_marks_is_refused_where_they_do_not(values, layout, patch, told):
    message = f"^architecture: SimpleNamespace reads {values} values, .*, got {told}; set"
    with pytest.raises(InputError, match=message):
        check_marks(SimpleNamespace(values=values), layout, patch)


@pytest.mark.parametrize("cls", [Forecasting, DirectForecasting])
def test_both_tasks_ask_their_cell(cls, monkeypatch):
    lstm = {"class_path": "LSTM", "init_args": {"hidden_size": 3}}
    monkeypatch.setattr("unrolled.architectures.LSTM.values", 1, raising=False)
    cls(horizon=2, context=3, architecture=lstm, channels={"values": 1, "marks": 1, "since": 1})
    with pytest.raises(InputError, match=r"LSTM reads 1 values, .* 1, 0 and 0"):
        cls(horizon=2, context=3, architecture=lstm)
