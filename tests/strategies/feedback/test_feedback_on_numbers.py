"""The strategies of the feedback seam on forecasts of numbers: the kit's properties, and where the given steps end."""

import pytest
import torch
from torch.nn import functional as F

from conformance.feedback_spy import FROZEN
from conformance.forecast_runs import C, H, Pieces, T, forecast, forecasting, pieces, unscaled
from conformance.strategies import CASES, company, live, strategy
from conformance.training import DROPOUT, SaveAfter, assert_same
from unrolled.errors import InputError
from unrolled.functional.batch import ForecastBatch
from unrolled.strategies import CarriedState, FreeRunning, ScheduledSampling, TeacherForcing
from unrolled.tasks import Forecasting

NAMES = [name for name in CASES if strategy(name).seam == "feedback"]
LIVE = {
    "LossScheduledSampling": {"high": 0.5, "low": 0.1},
    "ProfessorForcing": {"fed_back": "likeliest"},  # a point has no distribution to draw from
}
each_feedback = pytest.mark.parametrize("name", NAMES)


def test_all_of_them_are_here():
    assert len(NAMES) == 6


@each_feedback
@pytest.mark.parametrize("output", ["point", "gaussian"])
def test_identity(name, output):
    absent, _ = forecast(output=output, **DROPOUT)
    present, reader = forecast(strategy(name), output=output, **DROPOUT, **CASES[name].identity)
    assert len(absent.losses) == 8 and reader.sought == []
    assert_same(present, absent)


@each_feedback
def test_it_changes_the_weights_and_its_place_changes_no_bit(name):
    others = company(name)
    orders = [(name, *others), (*others, name), (*others[:2], name, *others[2:])]
    arguments = DROPOUT | live(name, *others) | LIVE.get(name, {})
    first, *runs = [forecast(*map(strategy, order), **arguments)[0] for order in orders]
    for run in runs:
        assert_same(run, first)
    absent, _ = forecast(*map(strategy, others), **DROPOUT, **live(*others))
    assert not torch.equal(absent.weights["head.weight"], first.weights["head.weight"])


@each_feedback
@pytest.mark.parametrize("past", ["kept", "recomputed"])
def test_resumes(name, past, tmp_path):
    strategies = [strategy(n) for n in (name, "TruncatedBPTT", "CarriedState")]
    arguments = DROPOUT | CASES[name].live | LIVE.get(name, {}) | {"k1": 2, "k2": 5, "past": past}
    whole, _ = forecast(*strategies, callbacks=[SaveAfter(3, tmp_path / "last.ckpt")], **arguments)
    resumed, _ = forecast(*strategies, resume=tmp_path / "last.ckpt", seed=77, **arguments)
    assert 0 < len(resumed.losses) < len(whole.losses)
    assert_same(resumed, whole)


@each_feedback
def test_what_is_given_in_use_is_never_fed_back(name):
    _, reader = forecast(strategy(name), **CASES[name].live | LIVE.get(name, {}), trainer={"max_epochs": 1})
    batches = [batch.inputs for batch in pieces()]
    runs = 2 if name == "ProfessorForcing" else 1  # a forced one, then a free one
    assert len(reader.trained) == len(batches) * runs and all(read.shape[1] == T for read in reader.trained)
    for number, read in enumerate(reader.trained):
        assert torch.equal(read[:, :C], batches[number // runs][:, :C])
    assert any(not torch.equal(read, batches[number // runs]) for number, read in enumerate(reader.trained))


FREE = [(TeacherForcing, {"ratio": 0.0}), (ScheduledSampling, {"start": 0.0, "end": 0.0}), (FreeRunning, {})]


@pytest.mark.parametrize(("owner", "arguments"), FREE)
def test_running_free_reads_what_the_free_run_of_evaluation_reads(owner, arguments):
    """Bit for bit; and it learns as from teacher forcing on these numbers."""
    run, reader = forecast(owner, optimizer=FROZEN, trainer={"max_epochs": 1}, **arguments)
    made = []
    for read, batch in zip(reader.trained, pieces(), strict=True):
        free = run.task.run_free(batch.inputs[:, :C], H)
        made.append(batch._replace(inputs=torch.cat([batch.inputs[:, :C], free[:, :-1]], 1)))
        assert torch.equal(read, made[-1].inputs) and not torch.equal(read, batch.inputs)
    forced, _ = forecast(loader=Pieces(made), optimizer=FROZEN, trainer={"max_epochs": 1})
    assert_same(run, forced)


def stream(steps):
    """One row of 3 pieces, each of so many steps."""
    (whole,) = pieces(sizes=(1,), length=3 * steps, missing=False)
    return [
        whole._replace(
            inputs=whole.inputs[:, at : at + steps],
            targets=whole.targets[:, at : at + steps],
            resets=whole.resets[:, at : at + steps],
        )
        for at in range(0, 3 * steps, steps)
    ]


@pytest.mark.parametrize("steps", [2, 5])
@pytest.mark.parametrize("memory", [(CarriedState,), ()])
def test_on_streams_only_the_start_of_the_series_is_given(memory, steps):
    """The first C steps, of however many pieces; without a memory each piece is a start."""
    made, given = stream(steps), {"optimizer": FROZEN, "trainer": {"max_epochs": 1}}
    _, reader = forecast(TeacherForcing, *memory, ratio=0.0, loader=Pieces(made), **given)
    assert len(reader.trained) == 3
    for number, (read, batch) in enumerate(zip(reader.trained, made, strict=True)):
        start = number * steps if memory else 0
        expected = [start + step < C for step in range(steps)]
        assert (read == batch.inputs)[0, :, 0].tolist() == expected


def test_numbers_are_drawn_from_the_models_own_normal_distribution():
    rows = 4000
    inputs = torch.zeros(rows, T, 1)
    batch = ForecastBatch(inputs, inputs.clone(), (torch.arange(T) == 0).repeat(rows, 1), unscaled(rows))
    given = {"ratio": 0.0, "fed_back": "sample", "temperature": 0.5, "output": "gaussian"}
    _, reader = forecast(TeacherForcing, loader=Pieces([batch]), trainer={"max_epochs": 1}, optimizer=FROZEN, **given)
    task = forecasting(output="gaussian")
    hidden, _ = task.architecture(inputs[:1, :C])
    mean, spread = (task.head(hidden[0, -1])).tolist()
    deviation = 0.5 * (float(F.softplus(torch.tensor(spread))) + 1e-3)
    drawn = (reader.trained[0][:, C, 0] - mean) / deviation
    assert abs(float(drawn.mean())) < 4 / rows**0.5 and abs(float(drawn.var()) - 1) < 4 * (2 / rows) ** 0.5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fed_back": "sample"}, "temperature 1 needs output gaussian"),
        ({"fed_back": "sample", "top_k": 3, "output": "gaussian"}, "top_k"),
    ],
)
def test_draws_that_numbers_do_not_have_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        forecast(TeacherForcing, ratio=0.5, **given)


def test_it_is_a_task_of_its_own():
    assert isinstance(forecasting(TeacherForcing), Forecasting)
