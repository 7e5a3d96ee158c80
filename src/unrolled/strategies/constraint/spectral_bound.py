"""constraint: bound the singular values of the recurrent weights."""

from typing import Any

import torch

from unrolled.architectures import GRU, LSTM, RNN
from unrolled.errors import InputError
from unrolled.functional.constraints import bound_spectrum
from unrolled.strategies._cells import cells
from unrolled.tasks.base import SequenceTask


class SpectralBound(SequenceTask):
    """Clip the singular values of each gate's W_h* (H, H) to `max_stretch` after every optimizer step.

        W = U S V'   ->   U min(S, max_stretch) V', the nearest matrix with ||W h|| <= max_stretch ||h|| for all h

    In a tanh RNN no gradient can then grow through time by more than that factor per step (Pascanu, Mikolov & Bengio
    2013, section 2.1).

    Source: Yoshida & Miyato 2017, "Spectral norm regularization for improving the generalizability of deep learning",
    bound the same norm by a penalty; the exact clipping is ours.

    Args:
        max_stretch: the largest singular value; inf changes nothing.

    Raises:
        InputError: a max_stretch that is not above 0, or a cell without recurrent weights.
    """

    seam = "constraint"

    def __init__(self, *, max_stretch: float = float("inf"), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not max_stretch > 0:
            raise InputError(f"SpectralBound: expected max_stretch above 0, got {max_stretch}")
        self.max_stretch = max_stretch
        self.bounded_cells = cells(self, "SpectralBound", RNN, LSTM, GRU) if max_stretch < float("inf") else []

    def constrain(self) -> None:
        super().constrain()
        if self.bounded_cells:
            weights = [cell.weight_hh_l0 for cell in self.bounded_cells]
            blocks = sum(len(weight) // weight.shape[1] for weight in weights)
            bounded = torch.stack([bound_spectrum(weight, self.max_stretch) for weight in weights]).sum()
            self.record("strategy/spectral_bound_share", bounded / blocks)
