"""What every task offers whose outputs can be its next inputs: on ids, on numbers, and with more beside them."""

import pytest
import torch
from torch import nn

from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import CarriedState
from unrolled.tasks import Forecasting
from unrolled.tasks.autoregressive import Autoregressive

LSTM = {"class_path": "LSTM", "init_args": {"hidden_size": 5}}
V = 7
NAN = float("nan")


class Ids(Autoregressive):
    """The smallest task on ids."""

    metric = "nats"

    def __init__(self, **kwargs):
        super().__init__(architecture=LSTM, **kwargs)
        self.architecture = self.build(LSTM, 3)
        self.embedding, self.head = nn.Embedding(V, 3), nn.Linear(5, V)

    def embed(self, inputs):
        return self.embedding(inputs)

    def output(self, hidden):
        return self.head(hidden).argmax(-1)

    def nothing(self, batch_size):
        return torch.full((batch_size,), -1)


class Beside(Forecasting):
    """Reads beside the series a mark that is not forecast: the step's own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.architecture = self.build(LSTM, 2)

    def substitute(self, inputs, own):
        return torch.cat([super().substitute(inputs[:, :1], own), inputs[:, 1:]], 1)


def forecasting(cls=Forecasting, **given):
    torch.manual_seed(2)
    return cls(horizon=2, context=3, architecture=LSTM, **given).double()


def test_an_own_output_of_numbers_stands_in_the_place_of_the_truth_where_there_is_one():
    task, truth = forecasting(), torch.tensor([[1.0], [2.0], [3.0]])
    assert task.substitute(truth, torch.tensor([[NAN], [0.0], [-5.0]])).tolist() == [[1.0], [0.0], [-5.0]]
    nothing = task.nothing(3)
    assert nothing.shape == (3, 1) and nothing.dtype == torch.float64
    assert torch.equal(task.substitute(truth.double(), nothing), truth.double())
    assert forecasting(Beside).substitute(torch.tensor([[1.0, 8.0]]), torch.tensor([[4.0]])).tolist() == [[4.0, 8.0]]


def test_an_own_id_stands_in_the_place_of_the_truth_where_there_is_one():
    task, truth = Ids(), torch.tensor([4, 5, 6])
    assert task.substitute(truth, torch.tensor([-1, 0, 3])).tolist() == [4, 0, 3]
    assert torch.equal(task.substitute(truth, task.nothing(3)), truth)


def test_a_free_run_of_ids_reads_the_whole_sequence_anew_for_every_step():
    task = Ids().double()
    prefix = torch.tensor([[1, 2, 3], [4, 5, 6], [6, 1, 1]])
    sequence = prefix
    for _ in range(9):
        hidden, _ = task.architecture(task.embedding(sequence))
        sequence = torch.cat([sequence, task.head(hidden[:, -1]).argmax(-1, keepdim=True)], 1)
    assert torch.equal(task.run_free(prefix, 9), sequence[:, 3:])


def test_a_free_run_of_numbers_reads_the_whole_sequence_anew_for_every_step():
    task, prefix = forecasting(Beside), torch.randn(4, 3, 2, dtype=torch.float64)
    sequence, outputs = prefix, []
    for _ in range(6):
        hidden, _ = task.architecture(sequence)
        outputs.append(task.head(hidden[:, -1]))
        sequence = torch.cat([sequence, torch.cat([outputs[-1], prefix[:, -1, 1:]], 1)[:, None]], 1)
    torch.testing.assert_close(task.run_free(prefix, 6), torch.stack(outputs, 1).detach(), rtol=0, atol=1e-13)


def test_rows_do_not_touch_each_other_and_each_starts_from_the_initial_state():
    task = forecasting(compose(Forecasting, CarriedState), learned_initial_state=True)
    prefix = torch.randn(4, 3, 1, dtype=torch.float64)
    before = task.run_free(prefix, 5)
    alone = torch.cat([task.run_free(row[None], 5) for row in prefix])
    torch.testing.assert_close(before, alone, rtol=0, atol=1e-14)
    with torch.no_grad():
        task.initial[0] += 1.0
    assert not torch.allclose(task.run_free(prefix, 5), before)
    assert not task.after and not task.heard


@pytest.mark.parametrize(("steps", "length"), [(0, 3), (2, 0), (2, -1)])
def test_nonsense_is_refused_in_one_line(steps, length):
    with pytest.raises(InputError, match=r"^run_free: expected a prefix .* and a length of at least 1, got .*$"):
        forecasting().run_free(torch.zeros(2, steps, 1, dtype=torch.float64), length)


def test_beside_its_metrics_it_has_no_results_of_its_own():
    assert Ids().describe_results() == {}
