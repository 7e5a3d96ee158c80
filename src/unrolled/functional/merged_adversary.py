"""Two that play against each other.  Logits (B,) say how likely a run was forced; positive is forced.

Source: Goyal, Lamb, Zhang, Zhang, Courville & Bengio 2016, "Professor forcing: a new algorithm for training recurrent
networks", section 2; D is the sigmoid of the logit.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def discrimination(forced: Tensor, free: Tensor) -> Tensor:
    """-log D(forced) - log(1 - D(free)) in nats, each a mean over the rows: what the discriminator lowers."""
    return F.softplus(-forced).mean() + F.softplus(free).mean()


def deception(free: Tensor) -> Tensor:
    """-log D(free) in nats, a mean over the rows: what the network lowers that is to be taken for forced."""
    return F.softplus(-free).mean()


def accuracy(forced: Tensor, free: Tensor) -> Tensor:
    """The share, 0 to 1, of the runs that are told right; a logit of 0 says nothing, and is wrong."""
    return torch.cat([forced > 0, free < 0]).float().mean()
