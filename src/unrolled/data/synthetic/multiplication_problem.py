"""The multiplication problem: multiply two marked numbers of a long sequence."""

from torch import Tensor

from unrolled.data.synthetic.marked_numbers import MarkedNumbers


class MultiplicationProblem(MarkedNumbers):
    """Two numbers of a sequence are marked, one in each half; the target at the last step is their product.

        inputs   (B, T, 2): numbers from U(0, 1), and a marker: 1 at the two marked steps, else 0
        targets  (B, T, 1): the product of the two marked numbers at the last step, nan before it

    The constant prediction 1/4 has a mean squared error of 7/144 = 0.0486, the variance of the product: 1/9 - 1/16.

    Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.5 (a first marker within ten steps,
    lengths that vary), here with the markers of the adding problem, as in Martens & Sutskever 2011, "Learning recurrent
    neural networks with Hessian-free optimization", section 4.

    Args:
        length: time steps T of a sequence.
    """

    def answer(self, marked: Tensor) -> Tensor:
        return marked.prod(1, keepdim=True)

    def baselines(self, split: str = "test") -> dict[str, float]:
        """Mean squared error of the constant prediction 1/4."""
        return {"constant": 7 / 144}
