"""feedback: where the truth is missing, the model's own expectation of it."""

from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.state import State
from unrolled.strategies.feedback._model_output import ModelOutput
from unrolled.tasks.data_contract import HasChannels


class OwnImputation(ModelOutput):
    """Read the truth where it was observed, else what the model expected after the step before.

        x_t := m_t * x_t + (1 - m_t) * E[x_t | what was read before t]        m_t, the marks: 1 observed, 0 missing

    In training, in evaluation and in what a forecast reads before its origin.  Marks and times since stay inputs as
    they are.  In front of the first step nothing is expected yet: there the data's own filling stands.

    Source: Cao, Wang, Li, Zhou, Li & Li 2018, "BRITS: bidirectional recurrent imputation for time series", section 4.1;
    its error of imputation is the task's own loss, one step ahead, where there is a target.

    Args:
        gradient: whether the gradient flows through what is filled in, as in the paper.

    Raises:
        InputError: inputs without marks.
    """

    seam = "feedback"

    def __init__(self, *, gradient: bool = False, **kwargs: Any) -> None:
        super().__init__(gradient=gradient, **kwargs)
        channels = self.channels if isinstance(self, HasChannels) else {}
        self.numbers = channels.get("values", 0)
        if not channels.get("marks"):
            told = "expected inputs that say what is missing, got none; let the data say marks: true, or leave it out"
            raise InputError(f"OwnImputation: {told}")

    def unroll(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        observed = inputs[..., self.numbers : 2 * self.numbers] > 0
        if self.training:
            self.record("strategy/choices", observed.numel())
            self.record("strategy/truths", observed.sum())
        hidden, after = self.read(inputs, observed, state)
        return hidden, (*after, self.answer(hidden[:, -1]))

    def answer(self, hidden: Tensor) -> Tensor:
        return super().answer(hidden) if self.training else self.expected(hidden)  # no draws in evaluation

    def replace_steps(self, inputs: Tensor, own: Tensor) -> Tensor:
        values, others = inputs.split([self.numbers, inputs.shape[-1] - self.numbers], -1)
        return torch.cat([torch.where(own.isnan(), values, own), others], -1)
