"""What strategies of the feedback seam feed back."""

from typing import Any, Literal

from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.feedback import none_like
from unrolled.functional.state import State
from unrolled.tasks.autoregressive import Autoregressive


class OwnOutput(Autoregressive):
    """The model's own last output, which travels in the state, as its last part, over windows and batches.

    Args:
        fed_back: likeliest, the id of the highest probability or the mean of the numbers; sample, a draw; or expected,
            the mean of the embeddings under the model's probabilities (of numbers, their mean).
        temperature: of a sample, no unit: 1 draws from the model's own probabilities, towards 0 the likeliest.
        top_k: among how many of the likeliest ids a sample is drawn; null: among all.
        gradient: whether the gradient flows through what is fed back; an id has none, so there expected is needed.
    """

    accepts = (Autoregressive,)

    def __init__(
        self,
        *,
        fed_back: Literal["likeliest", "sample", "expected"] = "likeliest",
        temperature: float = 1.0,
        top_k: int | None = None,
        gradient: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = self.owner()
        if fed_back not in ("likeliest", "sample", "expected"):
            raise InputError(f"{owner}: expected fed_back of likeliest, sample or expected, got {fed_back}")
        given = f"got {temperature} and {top_k}"
        if not 0 < temperature < float("inf") or (top_k is not None and top_k < 1):
            raise InputError(f"{owner}: expected a finite temperature above 0 and a top_k of at least 1, {given}")
        if fed_back != "sample" and (temperature != 1 or top_k is not None):
            raise InputError(f"{owner}: temperature and top_k need fed_back: sample, not {fed_back}; {given}")
        if gradient and fed_back != "expected" and not self.nothing(1).is_floating_point():
            raise InputError(f"{owner}: gradient: {gradient} needs fed_back: expected, got {fed_back}; an id has none")
        self.fed_back, self.gradient = fed_back, gradient
        self.draw: dict[str, Any] = {"temperature": temperature, "top_k": top_k} if fed_back == "sample" else {}

    def owner(self) -> str:
        """The strategy's name, for error messages."""
        return (self.strategy_of("feedback") or type(self)).__name__

    def initial_state(self, batch_size: int) -> State:
        own = self.nothing(batch_size)
        if self.fed_back == "expected" and not own.is_floating_point():
            own = none_like(self.features(own.clamp(min=0)).detach())
        return *super().initial_state(batch_size), own

    def answer(self, hidden: Tensor) -> Tensor:
        """What is fed back behind `hidden` (..., H)."""
        own = self.expected(hidden) if self.fed_back == "expected" else self.choose(hidden, **self.draw)
        return own if self.gradient else own.detach()

    def put(self, inputs: Tensor, own: Tensor) -> Tensor:
        """The own outputs (B, T, ...) in the place of the inputs (B, T, ...), where there are any."""
        return self.substitute(inputs.flatten(0, 1), own.flatten(0, 1)).unflatten(0, inputs.shape[:2])
