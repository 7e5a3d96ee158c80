"""A run ends where its task is solved, where its budget is, or at a nan; and what is said of several runs."""

import math

import torch

from unrolled.data import AddingProblem
from unrolled.strategies import ClipNorm, compose
from unrolled.tasks import SequenceRegression


def solve(script, goal, steps, lr=1e-3, **arguments):
    torch.manual_seed(0)
    data = AddingProblem(length=10, batch_size=4, batches=2, eval_batches=2, eval_batch_size=5)
    task = compose(SequenceRegression, ClipNorm)(
        **data.sizes(),
        architecture={"class_path": "RNN", "init_args": {"hidden_size": 4, "nonlinearity": "relu"}},
        optimizer={"class_path": "SGD", "init_args": {"lr": lr}},
        **arguments,
    )
    return task, script("solving").solve(task, data, "val/mse", goal, steps)


def test_it_stops_at_the_first_look_that_finds_it_solved(script):
    task, run = solve(script, 10.0, 8)
    assert run.solved and not run.lost and len(run.errors) == 1 and task.optimizer_steps == 2
    task, run = solve(script, 0.0, 8)
    assert not run.solved and not run.lost and len(run.errors) == 4 and task.optimizer_steps == 8
    goal = sorted(run.errors)[1]
    _, again = solve(script, goal, 8)
    first = next(i for i, error in enumerate(run.errors) if error <= goal)
    assert again.solved and again.errors == run.errors[: first + 1]


def test_a_nan_ends_it_unsolved(script):
    _, run = solve(script, 0.0, 200, lr=1e6)
    assert run.lost and not run.solved and len(run.errors) < 100


def test_runs_without_a_number_have_no_interval(script):
    mean, half = script("experiment").interval([1.0, float("nan"), 2.0])
    assert mean != mean and half != half


def test_a_mean_and_half_of_its_interval(script):
    shown = script("solving").mean_with_interval
    assert shown([1.0, 2.0, 3.0], ".2f") == "2.00 ± 2.48"  # t = 4.3027 at 2 degrees of freedom, times 1 / sqrt(3)
    assert (shown([1.5], ".1f"), shown([], ".1f")) == ("1.5", "-")


def test_the_table_says_how_often_and_when(script, capsys):
    module = script("solving")
    arms = {
        "all": [module.Run([0.5, 0.01], True, False, 4.0)] * 5,
        "some": [module.Run([0.5], True, False, 4.0), module.Run([0.6, math.nan], False, True, 2.0)],
        "one": [module.Run([0.7, 0.8], False, False, 3.0)],
    }
    module.table("title", arms)
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][1:]
    assert rows == [
        "| all | 5 of 5 (48 to 100 %) | 4 ± 0 | 0.0100 ± 0.0000 | 4 ± 0 |",
        "| some | 1 of 2 (1 to 99 %) | 2 | 0.5000; 1 stopped by a nan | 3 ± 13 |",
        "| one | 0 of 1 (0 to 98 %) | - | 0.8000 | 3 |",
    ]
