"""Units of a recurrent state that stay as they were.  B batch, H hidden."""

import torch
from torch import Tensor


def zone(old: Tensor, new: Tensor, kept: Tensor | float) -> Tensor:
    """`old` where a unit is kept, else `new`, each (B, H).

        s_t = d * s_{t-1} + (1 - d) * s~_t

    `kept` is d: a bool (B, H) in training; in evaluation its expectation, the probability of being kept.

    Source: Krueger et al. 2017, "Zoneout: regularizing RNNs by randomly preserving hidden activations", section 3.
    """
    return torch.lerp(new, old.to(new.dtype), kept) if isinstance(kept, float) else torch.where(kept, old, new)
