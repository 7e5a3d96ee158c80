"""averaging: exponential moving average of the weights."""

from typing import Any

from unrolled.errors import InputError
from unrolled.strategies.averaging._shared import Averaging


class ExponentialAveraging(Averaging):
    """Evaluate and save an exponential moving average (EMA) of the weights; training uses the weights.

        a_1 = w_1,   a_k = average_decay * a_{k-1} + (1 - average_decay) * w_k   after optimizer step k

    Source: Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging", with an exponentially
    weighted mean as in Tarvainen & Valpola 2017, "Mean teachers are better role models".

    Args:
        average_decay: factor on the average at each step, in [0, 1): it covers about 1 / (1 - average_decay) steps; 0:
            no averaging.

    Raises:
        InputError: an average_decay outside [0, 1).
    """

    seam = "averaging"

    def __init__(self, *, average_decay: float = 0.999, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= average_decay < 1:
            raise InputError(f"ExponentialAveraging: expected average_decay in [0, 1), got {average_decay}")
        self.average_decay = average_decay

    def average(self) -> None:
        super().average()
        if self.average_decay > 0:
            self.enter_average(1 - self.average_decay)
