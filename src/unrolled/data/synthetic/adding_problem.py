"""The adding problem: remember two numbers over a long time."""

from torch import Tensor

from unrolled.data.synthetic.marked_numbers import MarkedNumbers


class AddingProblem(MarkedNumbers):
    """Two numbers of a sequence are marked, one in each half; at its last step their sum is asked for.

        inputs   (B, T, 2): numbers from U(0, 1), and beside them 1 at the two marked steps, else 0
        targets  (B, T, 1): the sum of the two marked numbers at the last step, nan before it

    To predict 1 always has a mean squared error of 1/6, the variance of the sum.

    Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.4 (numbers from U(-1, 1), a first marker
    within ten steps, lengths that vary, a sum scaled to [0, 1]), in the variant of Arjovsky, Shah & Bengio 2016,
    "Unitary evolution recurrent neural networks".

    Args:
        length: time steps T of a sequence.
    """

    def answer(self, marked: Tensor) -> Tensor:
        return marked.sum(1, keepdim=True)

    def baselines(self, split: str = "test") -> dict[str, float]:
        """In the mean squared error."""
        return {"constant": 1 / 6}
