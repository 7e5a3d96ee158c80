"""initialization: forget-gate bias."""

import math
from typing import Any

from unrolled.architectures import GRU, LSTM
from unrolled.errors import InputError
from unrolled.functional.initialization import set_bias
from unrolled.strategies._cells import cells
from unrolled.tasks.base import SequenceTask


class ForgetBias(SequenceTask):
    """Set the bias of the gate that keeps the state (LSTM: f, GRU: z) to `forget_bias`; torch's is near 0.

    Source: Gers, Schmidhuber & Cummins 2000, "Learning to forget"; 1 is from Jozefowicz, Zaremba & Sutskever 2015, "An
    empirical exploration of recurrent network architectures".

    Args:
        forget_bias: sum of the gate's b_i* and b_h*; null leaves them as torch draws them.

    Raises:
        InputError: a forget_bias that is not finite, or a cell other than LSTM and GRU.
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
