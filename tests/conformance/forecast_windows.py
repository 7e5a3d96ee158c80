"""Windows of several noisy series with every kind of channel, and how their columns are read, without unrolled.

B batch, C context, H horizon; 2 targets.
"""

import torch
from torch import Tensor

from unrolled.functional.batch import ForecastBatch

C, H = 4, 5
CHANNELS = {"values": 2, "marks": 2, "since": 2, "known": 2, "past": 1, "static": 1, "series": 3}
COLUMNS = {
    "values": [0, 1],
    "marks": [2, 3],
    "since": [4, 5],
    "known": [6, 7],
    "past": [8],
    "static": [9],
    "series": [10],
}
WIDTH = 11
NAN = float("nan")


def windows(rows: int = 3, seed: int = 0) -> ForecastBatch:
    """(B, C + H - 1): some numbers are filled in, some targets missing, the past's covariates 0 after the origin."""
    draw = torch.Generator().manual_seed(seed)
    length = C + H - 1
    steps = torch.arange(length + 1, dtype=torch.float64)[:, None]
    wave = torch.sin(steps + 6 * torch.rand(rows, 1, 2, generator=draw, dtype=torch.float64))
    wave = wave + 0.1 * torch.randn(wave.shape, generator=draw, dtype=torch.float64)
    missing = torch.rand(wave.shape, generator=draw) < 0.2
    missing[:, 0] = False
    filled, since = wave.clone(), torch.zeros_like(wave)
    for t in range(1, length + 1):
        filled[:, t] = torch.where(missing[:, t], filled[:, t - 1], wave[:, t])
        since[:, t] = torch.where(missing[:, t], since[:, t - 1] + 1, 0.0)
    covariates = torch.randn(rows, length, 4, generator=draw, dtype=torch.float64)
    covariates[:, C:, 2] = 0
    covariates[..., 3] = covariates[:, :1, 3]
    index = torch.randint(3, (rows, 1, 1), generator=draw).double().expand(-1, length, 1)
    inputs = torch.cat([filled[:, :-1], (~missing[:, :-1]).double(), since[:, :-1], covariates, index], -1)
    targets = wave[:, 1:].masked_fill(missing[:, 1:], NAN)
    fresh = (torch.arange(length) == 0).repeat(rows, 1)
    scales = torch.rand(rows, 8, generator=draw, dtype=torch.float64) + 0.5  # location, scale, deviation, season error
    return ForecastBatch(inputs, targets, fresh, torch.cat([index[:, 0], scales], 1))


def pieces(sizes: tuple[int, ...] = (3, 3, 3, 2)) -> list[ForecastBatch]:
    return [windows(rows, seed) for seed, rows in enumerate(sizes)]


def fed_back(step: Tensor, own: Tensor) -> Tensor:
    """The inputs (B, F) of a step whose truth is replaced by the model's own numbers (B, 2), column by column."""
    put = step.clone()
    put[:, COLUMNS["values"]] = own
    put[:, COLUMNS["marks"]] = 1
    put[:, COLUMNS["since"]] = 0
    put[:, COLUMNS["past"]] = 0
    return put
