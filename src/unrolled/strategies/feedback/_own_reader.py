"""How strategies of the feedback seam read a stretch of which the model's own outputs are a part."""

import torch
from torch import Tensor

from unrolled.functional.feedback import drop_outputs, fused_segments, no_output_like
from unrolled.functional.state import State
from unrolled.strategies.feedback._model_output import OwnOutput


class OwnReader(OwnOutput):
    """Reads the truth at some steps and the model's own last output at the others.

    Without a gradient through what is fed back, the outputs are found first, step by step, and one fused pass then
    reads them with a gradient: the gradient of the step-by-step network at a fraction of its cost (with dropout, of two
    networks thinned differently: one puts out, the other learns).  With it, the steps themselves keep their graph.
    """

    def read(self, inputs: Tensor, truth: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (B, T, H) and the state behind them; the own output is read where `truth` (B, T) is False.

        Of numbers `truth` may be (B, T, O), for each of them.
        """
        if self.gradient:
            _, outputs, after = self._walk(inputs, truth, state)
            return torch.cat(outputs, 1), after
        with torch.no_grad():
            own, _, _ = self._walk(inputs, truth, state)
        return self.predict(self.put(inputs, own), state[:-1])

    def _walk(self, inputs: Tensor, truth: Tensor, state: State) -> tuple[Tensor, list[Tensor], State]:
        """The own outputs (B, T, ...) that are read, none where the truth is, the outputs of each segment, the state.

        Without a gradient the last segment is not run: nothing depends on it.
        """
        after, own = state[:-1], state[-1]
        offers, outputs = [], []
        for begin, end in fused_segments(truth):
            first = drop_outputs(own, truth[:, begin])
            offers.append(torch.stack([first, *[no_output_like(own)] * (end - begin - 1)], 1))
            if self.gradient or end < inputs.shape[1]:
                hidden, after = self.predict(self.put(inputs[:, begin:end], offers[-1]), after)
                outputs.append(hidden)
                own = self.answer(hidden[:, -1])
        return torch.cat(offers, 1), outputs, after

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """Beside the task's own, the share of the truth among all steps that had a choice."""
        choices, truths = means.pop("strategy/choices", None), means.pop("strategy/truths", None)
        if choices is not None and truths is not None and choices > 0:
            means["strategy/truth_share"] = truths / choices
        return super().summarize(means)
