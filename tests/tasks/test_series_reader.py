"""What a forecaster reads of a step, and cells that need more than the data hand over."""

from types import SimpleNamespace

import pytest
import torch

from unrolled.errors import InputError
from unrolled.functional.channels import Channels
from unrolled.tasks import DirectForecasting, Forecasting
from unrolled.tasks.series_reader import SeriesReader, check_marks


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
    message = f"^architecture: SimpleNamespace reads {values} values, .*, but the data hand over {told}; let"
    with pytest.raises(InputError, match=message):
        check_marks(SimpleNamespace(values=values), layout, patch)


@pytest.mark.parametrize("cls", [Forecasting, DirectForecasting])
def test_both_tasks_ask_their_cell(cls, monkeypatch):
    lstm = {"class_path": "LSTM", "init_args": {"hidden_size": 3}}
    monkeypatch.setattr("unrolled.architectures.LSTM.values", 1, raising=False)
    cls(horizon=2, context=3, architecture=lstm, channels={"values": 1, "marks": 1, "since": 1})
    with pytest.raises(InputError, match=r"LSTM reads 1 values, .* 1, 0 and 0"):
        cls(horizon=2, context=3, architecture=lstm)
