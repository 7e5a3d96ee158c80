"""What strategies of the feedback seam share that choose between the truth and the model's own outputs."""

from abc import abstractmethod

from torch import Tensor

from unrolled.functional.feedback import has_output, no_output_like
from unrolled.functional.state import State
from unrolled.strategies.feedback._own_reader import OwnReader


class Feedback(OwnReader):
    """At each step read the truth or the model's own last output, as `ratio` and `truth` say."""

    @abstractmethod
    def ratio(self) -> float:
        """The probability of the truth at this optimiser step; at 1 nothing is fed back, and the fused call stays."""

    @abstractmethod
    def truth(self, rows: int, begin: int, end: int) -> Tensor:
        """(B, T) bool: at which of the batch's steps from `begin` to `end` the truth is to be read."""

    def forward(self, begin: int, end: int, state: State) -> tuple[Tensor, State]:
        self.first_step = begin  # of what `unroll` is going to read
        return super().forward(begin, end, state)

    def unroll(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        if not self.training or self.ratio() >= 1:
            hidden, after = self.predict(inputs, state[:-1])
            return hidden, (*after, no_output_like(state[-1]))
        begin, end = self.first_step, self.first_step + inputs.shape[1]
        given = self.age()[:, begin:end] < self.prefix
        truth = self.truth(len(inputs), begin, end) | given
        choice = ~given
        choice[:, 0] &= has_output(state[-1])
        self.record("strategy/choices", choice.sum())
        self.record("strategy/truths", (choice & truth).sum())
        hidden, after = self.read(inputs, truth, state)
        return hidden, (*after, self.answer(hidden[:, -1]))
