"""A task whose outputs can be its next inputs.  B batch, P time steps of a prefix, H hidden, F features, O outputs."""

from typing import Any

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.sampling import draw_id
from unrolled.tasks.evaluated import EvaluatedTask


class Autoregressive(EvaluatedTask):
    """What feedback needs of a task: its own output, a mark of none, and the output in the place of the truth.

    An own output is an id or numbers (`choose`), or the features that are expected of it (`expected`).  A task says
    both, and where it reads more than its outputs, what the rest of an input is to become (`replace_inputs`).
    """

    prefix: int = 0  # first steps of a row that are given in use as well, so that none of them is fed back

    def features(self, inputs: Tensor) -> Tensor:
        """What the architecture reads of `inputs` (B, ...), before any dropout: (B, ..., F).  Features stay so."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it reads")

    def embed(self, inputs: Tensor) -> Tensor:
        return self.features(inputs)

    def choose(
        self,
        hidden: Tensor,
        temperature: float = 0.0,
        top_k: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The model's own output after `hidden` (..., H): ids (...), or numbers (..., O).

        Args:
            hidden: outputs of the architecture.
            temperature: 0 for the likeliest id or the mean; above, a draw, the bolder the higher.
            top_k: draw only among so many of the likeliest ids; null: among all.
            generator: on the CPU, of the draw's random numbers; without it they are torch's own.

        Raises:
            InputError: a draw that the task's outputs do not allow.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what it puts out")

    def expected(self, hidden: Tensor) -> Tensor:
        """The features (..., F) that are expected of an output after `hidden` (..., H); they carry a gradient."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it expects")

    def no_output(self, batch_size: int) -> Tensor:
        """The mark of no output yet: -1 for ids (B,), nan for numbers (B, O)."""
        raise NotImplementedError(f"{type(self).__name__} does not say what no output is")

    def replace_inputs(self, inputs: Tensor, own: Tensor) -> Tensor:
        """Inputs (B, ...) with the model's own output in the place of the truth, where there is one.

        Own features take the place of the truth's: of ids it is then their features that come back.
        """
        if own.is_floating_point() and not inputs.is_floating_point():
            inputs = self.features(inputs)
        missing = own.isnan() if own.is_floating_point() else own < 0
        return torch.where(missing, inputs, own)

    @torch.no_grad()
    def run_free(
        self, inputs: Tensor, length: int, ahead: Tensor | None = None, copies: int = 1, **choice: Any
    ) -> Tensor:
        """Read the prefix `inputs` (B, P, ...), then put out `length` steps (B, length, ...), each read back as input.

        In evaluation mode, from the initial state; the first output is the one after the prefix.

        Args:
            inputs: the prefix.
            length: steps that are put out.
            ahead: inputs (B, length - 1, ...) of the steps after the prefix, where `replace_inputs` keeps what is no
                output; null: the prefix's last step is repeated.
            copies: runs of each row, which part where outputs are drawn; there are then B copies rows, those of the
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
    """An embedding (V, E) of what is read, and a head from H features to V logits: what is fed back is an id."""

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
