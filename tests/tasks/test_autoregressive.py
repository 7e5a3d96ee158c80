"""What every task offers whose outputs can be its next inputs: on ids, on numbers, and with more beside them."""

import pytest
import torch
from torch import nn

from unrolled import compose
from unrolled.errors import InputError
from unrolled.functional.sampling import draw_id
from unrolled.strategies import CarriedState
from unrolled.tasks import Forecasting, LanguageModeling
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

    def features(self, inputs):
        return self.embedding(inputs)

    def choose(self, hidden):
        return self.head(hidden).argmax(-1)

    def no_output(self, batch_size):
        return torch.full((batch_size,), -1)


class Beside(Forecasting):
    """Reads beside the series a mark that is not forecast: the step's own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.architecture = self.build(LSTM, 2)

    def replace_inputs(self, inputs, own):
        return torch.cat([super().replace_inputs(inputs[:, :1], own), inputs[:, 1:]], 1)


def forecasting(cls=Forecasting, **given):
    torch.manual_seed(2)
    return cls(horizon=2, context=3, architecture=LSTM, **given).double()


def test_an_own_output_of_numbers_stands_in_the_place_of_the_truth_where_there_is_one():
    task, truth = forecasting(), torch.tensor([[1.0], [2.0], [3.0]])
    assert task.replace_inputs(truth, torch.tensor([[NAN], [0.0], [-5.0]])).tolist() == [[1.0], [0.0], [-5.0]]
    nothing = task.no_output(3)
    assert nothing.shape == (3, 1) and nothing.dtype == torch.float64
    assert torch.equal(task.replace_inputs(truth.double(), nothing), truth.double())
    assert forecasting(Beside).replace_inputs(torch.tensor([[1.0, 8.0]]), torch.tensor([[4.0]])).tolist() == [
        [4.0, 8.0]
    ]


def test_an_own_id_stands_in_the_place_of_the_truth_where_there_is_one():
    task, truth = Ids(), torch.tensor([4, 5, 6])
    assert task.replace_inputs(truth, torch.tensor([-1, 0, 3])).tolist() == [4, 0, 3]
    assert torch.equal(task.replace_inputs(truth, task.no_output(3)), truth)


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
    assert not task.cursor.saved and not task.eval_state


def language_modeling(**given):
    torch.manual_seed(2)
    return LanguageModeling(vocabulary_size=V, architecture=LSTM, embedding_size=3, **given).double()


def gaussian():
    return forecasting(output="gaussian")


@pytest.mark.parametrize("make", [language_modeling, forecasting, gaussian])
def test_at_temperature_0_it_is_the_likeliest_or_the_mean_at_any_number_of_steps(make):
    task, hidden = make(), torch.randn(4, 6, 5, dtype=torch.float64)
    out = hidden @ task.head.weight.T + task.head.bias
    expected = out.argmax(-1) if make is language_modeling else out[..., :1]
    for own, wanted in [(hidden, expected), (hidden[:, 0], expected[:, 0])]:
        assert torch.allclose(task.choose(own), wanted, rtol=0, atol=1e-14)


def test_the_expected_features_of_a_token_are_the_mean_of_the_embeddings_and_have_a_gradient():
    task, hidden = language_modeling(), torch.randn(4, 6, 5, dtype=torch.float64, requires_grad=True)
    odds = (hidden @ task.head.weight.T + task.head.bias).exp()
    by_hand = sum(odds[..., v, None] / odds.sum(-1, keepdim=True) * task.embedding.weight[v] for v in range(V))
    torch.testing.assert_close(task.expected(hidden), by_hand, rtol=0, atol=1e-14)
    assert torch.autograd.gradcheck(task.expected, (hidden,))
    number = forecasting()
    assert torch.autograd.gradcheck(number.expected, (hidden,))
    assert torch.equal(number.expected(hidden), number.choose(hidden))


def test_drawn_tokens_and_numbers_come_from_what_the_head_says():
    def own():
        return torch.Generator().manual_seed(5)

    task, hidden = language_modeling(), torch.randn(4, 6, 5, dtype=torch.float64)
    logits = task.head(hidden)
    for arguments in ({"temperature": 0.7}, {"temperature": 2.0, "top_k": 3}):
        drawn = task.choose(hidden, generator=own(), **arguments)
        assert torch.equal(drawn, draw_id(logits, generator=own(), **arguments))
        torch.manual_seed(3)
        drawn = task.choose(hidden, **arguments)
        torch.manual_seed(3)
        assert torch.equal(drawn, draw_id(logits, **arguments))
    assert torch.equal(task.choose(hidden, 5.0, top_k=1), logits.argmax(-1))
    number = gaussian()
    mean, spread = number.head(hidden).chunk(2, -1)
    noise = torch.randn(mean.shape, generator=own(), dtype=torch.float64)
    expected = mean + 0.5 * (nn.functional.softplus(spread) + 1e-3) * noise
    torch.testing.assert_close(number.choose(hidden, 0.5, generator=own()), expected, rtol=0, atol=1e-14)


def test_draws_that_numbers_do_not_allow_are_refused_in_one_line():
    hidden = torch.zeros(2, 5, dtype=torch.float64)
    with pytest.raises(InputError, match="^Forecasting: a draw at temperature 0.5 needs output gaussian, .*got point$"):
        forecasting().choose(hidden, 0.5)
    for task in (forecasting(), gaussian()):
        with pytest.raises(
            InputError,
            match=r"^Forecasting: expected no top_k, got 2; top_k applies to tokens, not to numeric outputs$",
        ):
            task.choose(hidden, top_k=2)
    for task in (language_modeling(), gaussian()):
        with pytest.raises(InputError, match="^sampling: expected a temperature above 0"):
            task.choose(hidden, -1.0)


def test_features_are_what_the_network_reads_without_dropout_and_features_stay_so():
    task, ids = language_modeling(dropout=0.5), torch.tensor([[1, 4], [0, 6]])
    assert torch.equal(task.features(ids), task.embedding.weight[ids])
    assert torch.equal(task.features(task.features(ids)), task.features(ids))
    assert (task.embed(ids) == 0).any() and torch.equal(task.eval().embed(ids), task.features(ids))
    numbers = torch.randn(2, 3, 1, dtype=torch.float64)
    assert forecasting().features(numbers) is numbers


def test_own_features_stand_in_the_place_of_the_features_of_the_truth():
    task, truth = language_modeling(), torch.tensor([4, 5])
    own = torch.tensor([[NAN] * 3, [0.5, 1.0, -1.0]], dtype=torch.float64, requires_grad=True)
    put = task.replace_inputs(truth, own)
    assert torch.equal(put, torch.stack([task.embedding.weight[4], own[1]]))
    put.sum().backward()
    assert own.grad.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert task.embedding.weight.grad[4].tolist() == [1, 1, 1] and task.embedding.weight.grad.sum() == 3


def test_a_language_model_that_put_out_nothing_yet_reads_the_truth():
    task, truth = language_modeling(), torch.tensor([4, 0, 6])
    assert task.no_output(3).tolist() == [-1, -1, -1]
    assert torch.equal(task.replace_inputs(truth, task.no_output(3)), truth)


def test_what_is_given_in_use_as_well():
    assert forecasting().prefix == 3 and language_modeling().prefix == 0


def test_a_free_run_passes_on_how_its_outputs_are_chosen():
    task, prefix = language_modeling(), torch.tensor([[1, 2], [3, 4]])
    draws = {"temperature": 3.0, "top_k": 4}
    first, second = (task.run_free(prefix, 30, generator=torch.Generator().manual_seed(9), **draws) for _ in range(2))
    assert torch.equal(first, second) and not torch.equal(first, task.run_free(prefix, 30))
    assert torch.equal(task.run_free(prefix, 30, temperature=3.0, top_k=1), task.run_free(prefix, 30))


@pytest.mark.parametrize(("steps", "length"), [(0, 3), (2, 0), (2, -1)])
def test_nonsense_is_refused_in_one_line(steps, length):
    with pytest.raises(InputError, match=r"^run_free: expected a prefix .* and a length of at least 1, got .*$"):
        forecasting().run_free(torch.zeros(2, steps, 1, dtype=torch.float64), length)
