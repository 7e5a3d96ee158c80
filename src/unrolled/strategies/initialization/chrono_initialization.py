"""initialization: biases for a range of time scales."""

from typing import Any

from unrolled.architectures import GRU, LSTM
from unrolled.errors import InputError
from unrolled.functional.initialization import chrono_biases, set_bias
from unrolled.strategies._cells import cells
from unrolled.tasks.base import SequenceTask


class ChronoInitialization(SequenceTask):
    """Set the biases so that units keep their state for about 1 to t_max - 1 time steps, uniformly distributed.

        LSTM: b_f = log u, b_i = -b_f        GRU: b_z = log u        u ~ U(1, t_max - 1), for each unit

    All processes draw the same numbers, and other random streams are unchanged.

    Source: Tallec & Ollivier 2018, "Can recurrent neural networks warp time?", equation 16; the sign of b_z is
    reversed, because their z writes the state and torch's keeps it.

    Args:
        t_max: time steps of the longest expected dependency; null leaves the biases as torch draws them.

    Raises:
        InputError: a t_max below 2, or a cell other than LSTM and GRU.
    """

    seam = "initialization"

    def __init__(self, *, t_max: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if t_max is not None and not 2 <= t_max < float("inf"):
            raise InputError(f"ChronoInitialization: expected t_max of at least 2 time steps, got {t_max}")
        self.t_max = t_max
        self.initialize()

    def initialize(self) -> None:
        super().initialize()
        if self.t_max is None:
            return
        random = self.draws("ChronoInitialization")
        for cell in cells(self, "ChronoInitialization", LSTM, GRU):
            bias = chrono_biases(cell.hidden_size, self.t_max, random)
            set_bias(cell, 1, bias)  # f and z are both the second gate
            if cell.mode == "LSTM":
                set_bias(cell, 0, -bias)
