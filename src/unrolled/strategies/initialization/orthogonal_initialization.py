"""initialization: orthogonal recurrent weights."""

from typing import Any

from unrolled.architectures import GRU, LSTM, RNN
from unrolled.errors import InputError
from unrolled.functional.initialization import set_orthogonal
from unrolled.strategies._cells import cells
from unrolled.tasks.base import SequenceTask


class OrthogonalInitialization(SequenceTask):
    """W_h* of every gate starts as `gain` times a random orthogonal matrix, all of whose singular values are `gain`.

    All processes draw the same numbers, and other random streams are unchanged.

    Source: Saxe, McClelland & Ganguli 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks", section 3.

    Args:
        gain: the singular values; null leaves the weights as torch draws them.

    Raises:
        InputError: a gain that is not above 0 and finite, or a cell without recurrent weights.
    """

    seam = "initialization"

    def __init__(self, *, gain: float | None = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if gain is not None and not 0 < gain < float("inf"):
            raise InputError(f"OrthogonalInitialization: expected a finite gain above 0, got {gain}")
        self.gain = gain
        self.initialize()

    def initialize(self) -> None:
        super().initialize()
        if self.gain is None:
            return
        random = self.draws("OrthogonalInitialization")
        for cell in cells(self, "OrthogonalInitialization", RNN, LSTM, GRU):
            set_orthogonal(cell.weight_hh_l0, self.gain, random)
