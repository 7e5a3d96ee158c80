"""initialization: a cell that keeps its state at first."""

import math
from typing import Any

from unrolled.architectures import GRU, LSTM
from unrolled.errors import InputError
from unrolled.functional.initialization import set_bias
from unrolled.strategies._cells import cells
from unrolled.tasks.base import SequenceTask


class ForgetBias(SequenceTask):
    """The bias of each gate that keeps the state starts at `forget_bias`: an LSTM's f, a GRU's z; torch's is near 0.

    Source: Gers, Schmidhuber & Cummins 2000, "Learning to forget"; 1 is from Jozefowicz, Zaremba & Sutskever 2015, "An
    empirical exploration of recurrent network architectures".

    Args:
        forget_bias: what b_i* and b_h* of the gate are together; null leaves them as torch draws them.

    Raises:
        InputError: a forget_bias that is not finite, or a cell that is no LSTM or GRU.
    """

    seam = "initialization"

    def __init__(self, *, forget_bias: float | None = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if forget_bias is not None and not math.isfinite(forget_bias):
            raise InputError(f"ForgetBias: expected a finite forget_bias, got {forget_bias}")
        self.forget_bias = forget_bias
        self.initialize()

    def initialize(self) -> None:
        super().initialize()
        if self.forget_bias is not None:
            for cell in cells(self, "ForgetBias", LSTM, GRU):
                set_bias(cell, 1, self.forget_bias)  # f and z are both the second gate
