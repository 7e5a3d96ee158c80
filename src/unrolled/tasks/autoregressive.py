"""A task whose outputs can be its next inputs.  B batch, P time steps of a prefix, H hidden, O output features."""

from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.tasks.evaluated import EvaluatedTask


class Autoregressive(EvaluatedTask):
    """What feedback needs of a task: its own output, a mark of none, and the output in the place of the truth.

    A task says what its outputs are (`output`, `nothing`), and where it reads more than them, what that is to become
    (`substitute`).
    """

    def output(self, hidden: Tensor) -> Tensor:
        """The model's own output behind `hidden` (B, H): its likeliest id (B,), or its mean (B, O)."""
        raise AssertionError(f"{type(self).__name__} does not say what it puts out")

    def nothing(self, batch_size: int) -> Tensor:
        """The mark of no output yet: -1 for ids (B,), nan for numbers (B, O)."""
        raise AssertionError(f"{type(self).__name__} does not say what no output is")

    def substitute(self, inputs: Tensor, own: Tensor) -> Tensor:
        """Inputs of one step (B, ...), with the model's own output in the place of the truth, where there is one."""
        missing = own.isnan() if own.is_floating_point() else own < 0
        return torch.where(missing, inputs, own)

    @torch.no_grad()
    def run_free(self, inputs: Tensor, length: int) -> Tensor:
        """Read the prefix `inputs` (B, P, ...), then put out `length` steps (B, length, ...), each read back as input.

        In evaluation mode, from the initial state; the first output is the one behind the prefix.

        Raises:
            InputError: an empty prefix, or a length below 1.
        """
        if inputs.dim() < 2 or inputs.shape[1] == 0 or length < 1:
            given = f"{tuple(inputs.shape)} and {length}"
            raise InputError(f"run_free: expected a prefix (B, P, ...) and a length of at least 1, got {given}")
        training = self.training
        self.eval()
        hidden, state = self.unroll(inputs, self.initial_state(len(inputs)))
        step, outputs = inputs[:, -1], [self.output(hidden[:, -1])]
        while len(outputs) < length:
            step = self.substitute(step, outputs[-1])
            hidden, state = self.unroll(step[:, None], state)
            outputs.append(self.output(hidden[:, -1]))
        self.train(training)
        return torch.stack(outputs, 1)

    def describe_results(self) -> dict[str, Any]:
        """What results.json holds of the last evaluation beside its metrics.  Here: nothing."""
        return {}
