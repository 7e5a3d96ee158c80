"""feedback: teacher forcing with a fixed probability."""

from typing import Any

from unrolled.errors import InputError
from unrolled.strategies.feedback._choice import Coins


class TeacherForcing(Coins):
    """At each step, read the ground truth with probability `ratio`, else the last model output.

    Source: Williams & Zipser 1989, "A learning algorithm for continually running fully recurrent neural networks".

    Args:
        ratio: 1 reads the ground truth (in one fused call), 0 runs free; between them each coin decides.

    Raises:
        InputError: a ratio outside [0, 1].
    """

    seam = "feedback"

    def __init__(self, *, ratio: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= ratio <= 1:
            raise InputError(f"TeacherForcing: expected a ratio in [0, 1], got {ratio}")
        self.forcing_ratio = ratio

    def ratio(self) -> float:
        return self.forcing_ratio
