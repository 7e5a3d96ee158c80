"""A window of a series as patches with one target.  B batch, C context, H horizon, S = C / patch, O targets."""

from typing import NamedTuple

from torch import Tensor

from unrolled.functional.batch import ForecastBatch
from unrolled.functional.forecasting.channels import Channels


class FoldedBatch(NamedTuple):
    """B windows.  The first fields are those of a `ForecastBatch`."""

    inputs: Tensor  # (B, S, patch C): the channels of each step of a patch, one step after the other
    targets: Tensor  # (B, S, H O): the horizon at the last patch, nan before it
    resets: Tensor  # (B, S) bool
    rows: Tensor  # (B, 1 + 4 O)
    ahead: Tensor  # (B, H K): the known covariates of the steps of the horizon


def fold(batch: ForecastBatch, context: int, patch: int, channels: Channels) -> FoldedBatch:
    """Split the context of windows (B, context + H - 1, ...) into patches of `patch` steps, a divisor of it."""
    inputs = batch.inputs[:, :context].unflatten(1, (-1, patch)).flatten(2)
    horizon = batch.targets[:, context - 1 :].flatten(1)
    targets = horizon.new_full((*inputs.shape[:2], horizon.shape[1]), float("nan"))
    targets[:, -1] = horizon
    resets = batch.resets[:, :context].unflatten(1, (-1, patch)).any(-1)
    ahead = batch.inputs[:, context - 1 :, channels.at("known")].flatten(1)
    return FoldedBatch(inputs, targets, resets, batch.rows, ahead)
