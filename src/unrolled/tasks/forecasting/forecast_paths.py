"""How sure a forecaster is that reads its own outputs.  B batch, C context, H horizon, O targets, Q levels."""

from collections.abc import Sequence

import torch
from torch import Tensor

from unrolled.tasks.autoregressive import Autoregressive

ROWS = 8192  # paths that are drawn at a time, of all rows together


def path_quantiles(
    task: Autoregressive,
    context: Tensor,
    ahead: Tensor,
    paths: int,
    levels: Sequence[float],
    generator: torch.Generator,
) -> Tensor:
    """(B, H, O, Q): of `paths` runs of each row that each read what they drew, the quantiles at `levels`.

    Source: Salinas, Flunkert & Gasthaus 2017, "DeepAR", section 3.2 (ancestral sampling).

    Args:
        task: whose outputs are numbers with a distribution.
        context: inputs (B, C, ...) that are read first.
        ahead: inputs (B, H - 1, ...) of the steps after them, of which only what is known in advance is read.
        paths: how many.
        levels: Q probabilities.
        generator: on the CPU.
    """
    found, rows = [], max(1, ROWS // paths)
    for given, known in zip(context.split(rows), ahead.split(rows), strict=True):
        drawn = task.run_free(given, ahead.shape[1] + 1, known, paths, temperature=1.0, generator=generator)
        wide = drawn.to(torch.promote_types(drawn.dtype, torch.float32)).unflatten(0, (-1, paths))
        found.append(wide.quantile(wide.new_tensor([*levels]), dim=1).movedim(0, -1))
    return torch.cat(found)
