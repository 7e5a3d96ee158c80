"""Feedback of the model's outputs: choose the output, and read inputs in which it replaces the ground truth."""

from typing import Any, Literal

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.feedback import drop_outputs, fused_segments, no_output_like
from unrolled.functional.state import State
from unrolled.tasks.autoregressive import Autoregressive


class ModelOutput(Autoregressive):
    """Read the ground truth at some steps and the last model output at the others.

    The last output is the last part of the state, so that it is carried over windows and batches.

    Without a gradient through the outputs that are fed back, they are computed first, step by step; one fused pass then
    reads them with a gradient.  This is the gradient of the step-by-step network at a fraction of its cost.  (With
    dropout, the two passes use different masks.)  With that gradient, the steps themselves keep their graph.

    Args:
        fed_back: likeliest: the id of the highest probability, or the mean of the numbers; sample: a draw; expected:
            the mean of the embeddings under the model's probabilities (of numbers, their mean).
        temperature: temperature of a sample, dimensionless: 1 uses the model's probabilities, near 0 the argmax.
        top_k: number of the most likely ids that a sample is drawn from; null: all.
        gradient: whether the gradient flows through the fed-back output.  An id has none: it needs fed_back: expected.

    Raises:
        InputError: an unknown fed_back; temperature or top_k out of range or without sample; a gradient of ids.
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
        if gradient and fed_back != "expected" and not self.no_output(1).is_floating_point():
            raise InputError(f"{owner}: gradient: {gradient} needs fed_back: expected, got {fed_back}; an id has none")
        self.fed_back, self.gradient = fed_back, gradient
        self.draw: dict[str, Any] = {"temperature": temperature, "top_k": top_k} if fed_back == "sample" else {}

    def owner(self) -> str:
        """The strategy's name, for error messages."""
        return (self.strategy_of("feedback") or type(self)).__name__

    def initial_state(self, batch_size: int) -> State:
        output = self.no_output(batch_size)
        if self.fed_back == "expected" and not output.is_floating_point():
            output = no_output_like(self.features(output.clamp(min=0)).detach())
        return *super().initial_state(batch_size), output

    def answer(self, hidden: Tensor) -> Tensor:
        """The output that is fed back after `hidden` (..., H)."""
        output = self.expected(hidden) if self.fed_back == "expected" else self.choose(hidden, **self.draw)
        return output if self.gradient else output.detach()

    def replace_steps(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """The inputs (B, T, ...), replaced by the model's outputs (B, T, ...) where there are any."""
        return self.replace_inputs(inputs.flatten(0, 1), outputs.flatten(0, 1)).unflatten(0, inputs.shape[:2])

    def read(self, inputs: Tensor, truth: Tensor, state: State) -> tuple[Tensor, State]:
        """Hidden outputs (B, T, H) and the next state; reads the last model output where `truth` (B, T) is False.

        For numbers, `truth` may be (B, T, O): one choice for each of them.
        """
        if self.gradient:
            _, outputs, after = self._walk(inputs, truth, state)
            return torch.cat(outputs, 1), after
        with torch.no_grad():
            fed_back, _, _ = self._walk(inputs, truth, state)
        return self.predict(self.replace_steps(inputs, fed_back), state[:-1])

    def _walk(self, inputs: Tensor, truth: Tensor, state: State) -> tuple[Tensor, list[Tensor], State]:
        """The outputs (B, T, ...) that are fed back (none where the truth is read), hidden outputs by segment, state.

        Without a gradient the last segment is not run: nothing depends on it.
        """
        after, last = state[:-1], state[-1]
        offers, outputs = [], []
        for begin, end in fused_segments(truth):
            first = drop_outputs(last, truth[:, begin])
            offers.append(torch.stack([first, *[no_output_like(last)] * (end - begin - 1)], 1))
            if self.gradient or end < inputs.shape[1]:
                hidden, after = self.predict(self.replace_steps(inputs[:, begin:end], offers[-1]), after)
                outputs.append(hidden)
                last = self.answer(hidden[:, -1])
        return torch.cat(offers, 1), outputs, after

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """Add the share of ground truth among the steps that could read either."""
        choices, truths = means.pop("strategy/choices", None), means.pop("strategy/truths", None)
        if choices is not None and truths is not None and choices > 0:
            means["strategy/truth_share"] = truths / choices
        return super().summarize(means)
