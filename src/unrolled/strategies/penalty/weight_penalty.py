"""penalty: L1 and L2 norms of the weights."""

from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.penalties import weight_penalty
from unrolled.tasks.base import Penalties, SequenceTask


class WeightPenalty(SequenceTask):
    """Add l1 * sum |w| + l2 * sum w^2 to the loss, over the parameters whose name matches a pattern.

    Source: l2: Krogh & Hertz 1992, "A simple weight decay can improve generalization"; l1: Tibshirani 1996,
    "Regression shrinkage and selection via the lasso".

    Args:
        l1: factor on the absolute values; 0 adds nothing.
        l2: factor on the squares; 0 adds nothing.
        parameters: pattern of parameter names, with wildcards * and ?: "*weight_hh*": the recurrent weights; "*": all.

    Raises:
        InputError: a factor that is below 0 or not finite; before training, a pattern that no parameter matches.
    """

    seam = "penalty"

    def __init__(self, *, l1: float = 0.0, l2: float = 0.0, parameters: str = "*", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not (0 <= l1 < float("inf") and 0 <= l2 < float("inf")):
            raise InputError(f"WeightPenalty: expected a finite l1 and l2 of at least 0, got {l1} and {l2}")
        self.l1, self.l2, self.pattern = l1, l2, parameters

    @cached_property
    def penalized(self) -> list[Tensor]:
        named = dict(sorted(self.named_parameters()))  # the order of the strategies is none of a sum's
        found: list[Tensor] = [p for name, p in named.items() if fnmatchcase(name, self.pattern)]
        if not found:
            there = ", ".join(named)
            raise InputError(f"WeightPenalty: expected parameters to match {self.pattern}, got none among {there}")
        return found

    def on_fit_start(self) -> None:
        super().on_fit_start()
        assert self.penalized

    def penalties(self, hidden: Tensor) -> Penalties:
        return super().penalties(hidden) | ({"WeightPenalty": self._weights} if self.l1 or self.l2 else {})

    def _weights(self) -> Tensor:
        added = weight_penalty(self.penalized, self.l1, self.l2)
        self.record("strategy/weight_penalty", added)
        return added
