"""A task whose outputs can be its next inputs.  B batch, P time steps of a prefix, H hidden, F features, O outputs."""

from typing import Any

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.sampling import draw_id
from unrolled.tasks.evaluated import EvaluatedTask


class Autoregressive(EvaluatedTask):
    """The methods of a task that feedback calls: the output, a marker for no output, and inputs made of outputs.

    An output is an id or numbers (`choose`), or its expected features (`expected`).  A task defines both, and where its
    inputs hold more than outputs, how an output replaces its part of them (`replace_inputs`).
    """

    prefix: int = 0  # first steps of a row that are also known at inference, so outputs never replace them

    def features(self, inputs: Tensor) -> Tensor:
        """Features (B, ..., F) of `inputs` (B, ...) before dropout; features are returned unchanged."""
        raise NotImplementedError(f"{type(self).__name__} does not define features")

    def embed(self, inputs: Tensor) -> Tensor:
        return self.features(inputs)

    def choose(
        self,
        hidden: Tensor,
        temperature: float = 0.0,
        top_k: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The model's output after `hidden` (..., H): ids (...), or numbers (..., O).

        Args:
            hidden: outputs of the architecture.
            temperature: 0: the most likely id, or the mean; above 0: a random draw, more varied at higher values.
            top_k: number of the most likely ids to draw from; null: all.
            generator: random generator of the draw, on the CPU; null: torch's global generator.

        Raises:
            InputError: the task's outputs cannot be sampled in this way.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define choose")

    def expected(self, hidden: Tensor) -> Tensor:
        """The expected features (..., F) of the output after `hidden` (..., H), with a gradient."""
        raise NotImplementedError(f"{type(self).__name__} does not define expected")

    def no_output(self, batch_size: int) -> Tensor:
        """The marker for no output yet: -1 for ids (B,), nan for numbers (B, O)."""
        raise NotImplementedError(f"{type(self).__name__} does not define no_output")

    def replace_inputs(self, inputs: Tensor, output: Tensor) -> Tensor:
        """Inputs (B, ...), replaced by the model's output where there is one.

        Where the outputs are features of ids, features are returned.
        """
        if output.is_floating_point() and not inputs.is_floating_point():
            inputs = self.features(inputs)
        missing = output.isnan() if output.is_floating_point() else output < 0
        return torch.where(missing, inputs, output)

    @torch.no_grad()
    def run_free(
        self, inputs: Tensor, length: int, ahead: Tensor | None = None, copies: int = 1, **choice: Any
    ) -> Tensor:
        """Read the prefix `inputs` (B, P, ...), then generate `length` steps (B, length, ...); each is the next input.

        In evaluation mode, from the initial state; the first output is the one after the prefix.

        Args:
            inputs: the prefix.
            length: number of generated steps.
            ahead: inputs (B, length - 1, ...) of the steps after the prefix, where `replace_inputs` keeps what is no
                output; null: the prefix's last step is repeated.
            copies: runs of each row, which differ where outputs are drawn; the result has B copies rows, those of the
                first row first.
            choice: arguments of `choose`.

        Raises:
            InputError: an empty prefix, a length below 1, steps ahead that are fewer, or a draw that the task's outputs
                do not allow.
        """
        if inputs.dim() < 2 or inputs.shape[1] == 0 or length < 1:
            given = f"{tuple(inputs.shape)} and {length}"
            raise InputError(f"run_free: expected a prefix (B, P, ...) and a length of at least 1, got {given}")
        if ahead is not None and ahead.shape[1] < length - 1:
            raise InputError(f"run_free: expected {length - 1} steps ahead, got {ahead.shape[1]}")
        training = self.training
        self.eval()
        hidden, state = self.unroll(inputs, self.initial_state(len(inputs)))
        last, *parts = (part.repeat_interleave(copies, 0) for part in (hidden[:, -1], *state))
        state, outputs = tuple(parts), [self.choose(last, **choice)]
        while len(outputs) < length:
            step = inputs[:, -1] if ahead is None else ahead[:, len(outputs) - 1]
            step = self.replace_inputs(step.repeat_interleave(copies, 0), outputs[-1])
            hidden, state = self.unroll(step[:, None], state)
            outputs.append(self.choose(hidden[:, -1], **choice))
        self.train(training)
        return torch.stack(outputs, 1)


class TokenOutput(Autoregressive):
    """Token ids in and out: an embedding (V, E) of the inputs, and a head from H features to V logits."""

    embedding: nn.Embedding
    head: nn.Linear

    def features(self, inputs: Tensor) -> Tensor:
        embedded: Tensor = inputs if inputs.is_floating_point() else self.embedding(inputs)
        return embedded

    def embed(self, inputs: Tensor) -> Tensor:
        return self.apply_dropout(self.features(inputs))

    def choose(
        self,
        hidden: Tensor,
        temperature: float = 0.0,
        top_k: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        logits = self.head(hidden)
        if temperature == 0:
            chosen: Tensor = logits.argmax(-1)
            return chosen
        return draw_id(logits, temperature, top_k, generator)

    def expected(self, hidden: Tensor) -> Tensor:
        mean: Tensor = self.head(hidden).softmax(-1) @ self.embedding.weight
        return mean

    def no_output(self, batch_size: int) -> Tensor:
        return torch.full((batch_size,), -1, device=self.head.weight.device)
