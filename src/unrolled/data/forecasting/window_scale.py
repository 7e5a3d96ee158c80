"""On which scale a window is read.  B windows, C time steps of context, O numbers of a step; nan is missing.

standard, mean_absolute    that of the series, the same for all of its windows
instance      the mean and the deviation of the window's own context (Kim et al. 2022, "Reversible instance
              normalization for accurate time-series forecasting against distribution shift")
last_value    around the last number of the context, by the deviation of the series (Zeng, Chen, Zhang & Xu 2023,
              "Are transformers effective for time series forecasting?", NLinear)
"""

import torch
from torch import Tensor

from unrolled.data.forecasting.scaling import Scaling
from unrolled.functional.forecasting.imputation import last_seen

FLOOR = 0.01  # the least deviation of a context, in those of its series' training part: a still context has none


def window_scale(scaling: Scaling, location: Tensor, scale: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """Location and scale (B, O) of windows by those of their series (B, O) and the raw `context` (B, C, O).

    A context without a number has those of its series.
    """
    if scaling == "last_value":
        last = last_seen(context)[:, -1:]
        return torch.where(last[:, 0] < 0, location, context.gather(1, last.clamp(min=0))[:, 0]), scale
    if scaling != "instance":
        return location, scale
    known = ~context.isnan()
    count = known.sum(1).clamp(min=1)
    mean = context.nan_to_num().sum(1) / count
    variance = ((context - mean[:, None]).square() * known).nan_to_num().sum(1) / count
    own = torch.maximum(variance.sqrt(), FLOOR * scale)
    return mean.where(known.any(1), location), own.where(known.any(1), scale)
