"""The adding problem at T = 150: a network of ReLU units from the identity (IRNN), compared with an LSTM.

    python benchmarks/identity.py [--steps 3000] [--seeds 1 2 3 4 5]

Two of 150 numbers are marked, the target at the last step is their sum; always predicting 1 has a mean squared error of
0.167.  100 units, as in Le, Jaitly & Hinton 2015, Adam, batches of 32 sequences.  Solved: an error of at most 0.01 on
500 validation sequences.  Prints how often and when, and draws docs/figures/identity.svg.  Every arm gets the same
batches and the same budget.
"""

import argparse
from typing import Any

import torch

from experiment import axes, save, spread
from solving import EVERY, Run, curves, solve, table
from unrolled import compose
from unrolled.data import AddingProblem
from unrolled.strategies import ClipNorm, ForgetBias, IdentityInitialization
from unrolled.tasks import SequenceRegression

LENGTH, UNITS, GOAL, NORM = 150, 100, 0.01, 1.0  # time steps; units; mean squared error; L2 norm of the gradient
RELU = {"class_path": "RNN", "init_args": {"hidden_size": UNITS, "nonlinearity": "relu"}}
LSTM = {"class_path": "LSTM", "init_args": {"hidden_size": UNITS}}
CLIP = {"max_norm": NORM}
ARMS: dict[str, tuple[dict[str, Any], tuple[type, ...], dict[str, Any], float]] = {  # the last: Adam's learning rate
    "IRNN": (RELU, (IdentityInitialization, ClipNorm), CLIP, 1e-4),
    "IRNN without clipping": (RELU, (IdentityInitialization,), {}, 1e-4),
    "ReLU, as torch draws it": (RELU, (ClipNorm,), CLIP, 1e-4),
    "LSTM, forget bias 1": (LSTM, (ForgetBias, ClipNorm), CLIP, 1e-2),
}


def work(job: tuple[str, int, int]) -> Run:
    name, seed, steps = job
    architecture, strategies, arguments, rate = ARMS[name]
    data = AddingProblem(length=LENGTH, batch_size=32, batches=EVERY, eval_batches=5, seed=seed)
    torch.manual_seed(seed)
    task = compose(SequenceRegression, *strategies)(
        **data.sizes(),
        architecture=architecture,
        optimizer={"class_path": "Adam", "init_args": {"lr": rate, "fused": True}},
        **arguments,
    )
    return solve(task, data, "val/mse", GOAL, steps)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--steps", type=int, default=3_000, help="optimizer steps of a run that does not solve it")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    chosen = arguments.parse_args()
    jobs = [(name, seed, chosen.steps) for name in ARMS for seed in chosen.seeds]
    results = dict(zip(jobs, spread(work, jobs), strict=True))
    found = {name: [results[name, seed, chosen.steps] for seed in chosen.seeds] for name in ARMS}
    table(f"adding, T = {LENGTH}, {chosen.steps:,} steps at most", found)
    figure, plot = axes(size=(7, 4))
    curves(plot, found, GOAL, ylabel="mean squared error")
    plot.legend(frameon=False)
    save(figure, "identity")


if __name__ == "__main__":
    main()
