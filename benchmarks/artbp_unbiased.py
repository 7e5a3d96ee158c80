"""The gradient of ARTBP compared with full back-propagation and truncated BPTT: one sequence, fixed weights.

    python benchmarks/artbp_unbiased.py [--draws 10000]

Prints the distance of the mean over the draws from the full gradient, in standard errors of the mean, and draws every
parameter of the recurrent layer to docs/figures/artbp_unbiased.svg.  The same training step as in any run: a small LSTM
on copy memory, windows of about 5 of 20 time steps, a learning rate of 0.  About three minutes on two cores.
"""

import argparse
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from experiment import QUIET, axes, save, spread
from unrolled import compose
from unrolled.data import CopyMemory
from unrolled.strategies import ARTBP, TruncatedBPTT
from unrolled.tasks import SequenceTagging
from unrolled.tasks.base import SequenceTask

LENGTH, ROWS = 5, 4  # time steps of a window, expected or exact; sequences in the batch


class Gather(pl.Callback):
    """For each batch the sum of its windows' gradients, as a mean and a mean square over the batches."""

    def __init__(self) -> None:
        self.sum, self.squares, self.count, self.batch = torch.zeros(()), torch.zeros(()), 0, torch.zeros(())

    def on_before_optimizer_step(self, trainer: Any, task: Any, optimizer: Any) -> None:
        gradients = torch.cat([p.grad.flatten() for p in task.architecture.parameters()])
        self.batch = self.batch + gradients * task.weight()

    def on_train_batch_end(self, *_: Any) -> None:
        self.sum, self.squares = self.sum + self.batch, self.squares + self.batch**2
        self.count, self.batch = self.count + 1, torch.zeros(())


class Watched(SequenceTask):
    """The factor that makes a window's gradient its part of the gradient of the batch's mean loss."""

    def weight(self) -> float:
        targets = ROWS * (self.window.stop - self.window.new)  # copy memory has one at every step
        return float(self.share(torch.tensor(float(targets)))) / (ROWS * self.batch.inputs.shape[1])


def gradients(strategy: type[SequenceTask] | None, seed: int, draws: int, **arguments: Any) -> tuple[Tensor, Tensor]:
    """Summed over the draws: the gradient of the batch's mean loss (parameters,), and its square."""
    torch.manual_seed(seed)
    data = CopyMemory(delay=14, length=3, symbols=4, batch_size=ROWS)
    batch = next(iter(data.train_dataloader()))
    frozen = {"class_path": "SGD", "init_args": {"lr": 0.0}}
    cell = {"class_path": "LSTM", "init_args": {"hidden_size": 8}}
    bases = [base for base in (strategy, Watched) if base is not None]
    task = compose(SequenceTagging, *bases)(**data.sizes(), architecture=cell, optimizer=frozen, **arguments).double()
    weights = torch.Generator().manual_seed(0)  # the same for every seed, and large: much flows through time
    with torch.no_grad():
        for p in task.parameters():
            p.copy_(torch.randn(p.shape, dtype=p.dtype, generator=weights) * 0.7)
    gather = Gather()
    pl.Trainer(**{**QUIET, "max_epochs": 1}, callbacks=[gather]).fit(task, DataLoader([batch] * draws, batch_size=None))
    return gather.sum, gather.squares


def work(job: tuple[type[SequenceTask] | None, int, int, dict[str, Any]]) -> tuple[Tensor, Tensor]:
    strategy, seed, draws, arguments = job
    return gradients(strategy, seed, draws, **arguments)


def draw(exact: Tensor, mean: Tensor, error: Tensor, truncated: Tensor, draws: int) -> None:
    figure, (left, right) = axes(2)
    span = [float(exact.min()), float(exact.max())]
    left.plot(span, span, color="0.7", lw=1)
    left.scatter(exact, truncated, s=7, color="tab:red", rasterized=True, label=f"truncated BPTT, windows of {LENGTH}")
    name = f"ARTBP, mean of {draws:,} draws"
    left.errorbar(exact, mean, 2 * error, fmt=".", ms=4, lw=0.8, color="tab:blue", label=name, rasterized=True)
    left.set(xlabel="gradient of full BPTT, by parameter", ylabel="estimate (bars: 2 standard errors)")
    left.legend(frameon=False)
    edges = torch.logspace(-2, 3, 51).numpy()
    for values, colour, name in ((truncated, "tab:red", "truncated BPTT"), (mean, "tab:blue", "ARTBP")):
        right.hist(((values - exact) / error).abs().numpy(), edges, color=colour, alpha=0.7, label=name)
    right.set(xscale="log", xlabel="distance from full BPTT, in standard errors of ARTBP's mean", ylabel="parameters")
    right.legend(frameon=False)
    save(figure, "artbp_unbiased")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--draws", type=int, default=10_000)
    draws = arguments.parse_args().draws
    shares = [draws // 8] * 8
    jobs: list[Any] = [(None, 1, 1, {}), (TruncatedBPTT, 1, 1, {"k1": LENGTH})]
    jobs += [(ARTBP, seed, share, {"expected_length": float(LENGTH)}) for seed, share in enumerate(shares, start=1)]
    (exact, _), (truncated, _), *drawn = spread(work, jobs)
    draws = sum(shares)
    mean = sum(total for total, _ in drawn) / draws
    error = ((sum(squares for _, squares in drawn) / draws - mean**2) / draws).sqrt()
    varied = error > 1e-7 * exact.abs().max()  # some see no gradient at all: those of symbols that were not drawn
    exact, truncated, mean, error = (values[varied] for values in (exact, truncated, mean, error))
    print(f"| {draws:,} draws, {len(exact)} parameters | distance from full BPTT | in standard errors: rms | largest |")
    print("|---|---|---|---|")
    for name, found in (("ARTBP", mean), (f"truncated BPTT, windows of {LENGTH}", truncated)):
        z, away = (found - exact) / error, float((found - exact).norm() / exact.norm())
        print(f"| {name} | {100 * away:.2g} % | {float(z.square().mean().sqrt()):.2f} | {float(z.abs().max()):.1f} |")
    draw(exact, mean, error, truncated, draws)


if __name__ == "__main__":
    main()
