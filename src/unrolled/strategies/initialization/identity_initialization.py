"""initialization: identity recurrent weights (IRNN)."""

from typing import Any

from unrolled.architectures import RNN
from unrolled.errors import InputError
from unrolled.functional.initialization import set_identity
from unrolled.strategies._cells import cells, refusal
from unrolled.tasks.base import SequenceTask


class IdentityInitialization(SequenceTask):
    """The IRNN: W_hh starts as `scale` times the identity and the biases at 0, in an RNN of rectified units.

    At scale 1 a state without input stays constant, and so does its gradient; below 1 both decay as scale^t.

    Source: Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent networks of rectified linear units".

    Notes:
        W_ih keeps torch's initialization; in the paper it is Gaussian with standard deviation 0.001.

    Args:
        scale: factor on the identity; null leaves the weights as torch draws them.

    Raises:
        InputError: a scale that is not above 0 and finite, or a cell other than an RNN with nonlinearity relu.
    """

    seam = "initialization"

    def __init__(self, *, scale: float | None = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if scale is not None and not 0 < scale < float("inf"):
            raise InputError(f"IdentityInitialization: expected a finite scale above 0, got {scale}")
        self.scale = scale
        self.initialize()

    def initialize(self) -> None:
        super().initialize()
        if self.scale is None:
            return
        for cell in cells(self, "IdentityInitialization", RNN):
            if cell.mode != "RNN_RELU":
                raise refusal("IdentityInitialization", "RNN with nonlinearity: relu", "RNN with nonlinearity: tanh")
            set_identity(cell, self.scale)
