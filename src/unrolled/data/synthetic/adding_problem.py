"""The adding problem: add two marked numbers of a long sequence."""

from torch import Tensor

from unrolled.data.synthetic.marked_numbers import MarkedNumbers


class AddingProblem(MarkedNumbers):
    """Two numbers of a sequence are marked, one in each half; the target at the last step is their sum.

        inputs   (B, T, 2): numbers from U(0, 1), and a marker: 1 at the two marked steps, else 0
        targets  (B, T, 1): the sum of the two marked numbers at the last step, nan before it

    The constant prediction 1 has a mean squared error of 1/6, the variance of the sum.

    Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.4 (numbers from U(-1, 1), a first marker
    within ten steps, lengths that vary, a sum scaled to [0, 1]), here in the variant of Arjovsky, Shah & Bengio 2016,
    "Unitary evolution recurrent neural networks".

    Args:
        length: time steps T of a sequence.
    """

    def answer(self, marked: Tensor) -> Tensor:
        return marked.sum(1, keepdim=True)

    def baselines(self, split: str = "test") -> dict[str, float]:
        """Mean squared error of the constant prediction 1."""
        return {"constant": 1 / 6}
