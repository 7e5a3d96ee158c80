"""feedback: impute missing inputs by the model's expectation."""

from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.state import State
from unrolled.strategies.feedback._model_output import ModelOutput
from unrolled.tasks.data_contract import HasChannels


class OwnImputation(ModelOutput):
    """Read the observed value; where it is missing, the expectation that the model predicted at the previous step.

        x_t := m_t * x_t + (1 - m_t) * E[x_t | what was read before t]        m_t: mark, 1 observed, 0 missing

    It applies in training, in evaluation and in the context of a forecast.  Marks and times since are read unchanged.
    The first step has no prediction yet, so it reads the data's imputed value.

    Source: Cao, Wang, Li, Zhou, Li & Li 2018, "BRITS: bidirectional recurrent imputation for time series", section 4.1;
    its imputation error is here the loss of the task, one step ahead, where there is a target.

    Args:
        gradient: whether the gradient flows through the imputed values, as in the paper.

    Raises:
        InputError: inputs without marks.
    """

    seam = "feedback"

    def __init__(self, *, gradient: bool = False, **kwargs: Any) -> None:
        super().__init__(gradient=gradient, **kwargs)
        channels = self.channels if isinstance(self, HasChannels) else {}
        self.numbers = channels.get("values", 0)
        if not channels.get("marks"):
            advice = "set marks: true in the data, or remove the strategy"
            raise InputError(f"OwnImputation: expected inputs with marks of missing values, got none; {advice}")

    def unroll(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        observed = inputs[..., self.numbers : 2 * self.numbers] > 0
        if self.training:
            self.record("strategy/choices", observed.numel())
            self.record("strategy/truths", observed.sum())
        hidden, after = self.read(inputs, observed, state)
        return hidden, (*after, self.answer(hidden[:, -1]))

    def answer(self, hidden: Tensor) -> Tensor:
        return super().answer(hidden) if self.training else self.expected(hidden)  # no draws in evaluation

    def replace_steps(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        values, others = inputs.split([self.numbers, inputs.shape[-1] - self.numbers], -1)
        return torch.cat([torch.where(outputs.isnan(), values, outputs), others], -1)
