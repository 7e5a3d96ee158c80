"""Sequence regression.  B batch, T time, F input features, H hidden, O output features."""

from typing import Any, Literal

from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.losses import squared_error
from unrolled.tasks.sequences.whole_sequences import WholeRows


class SequenceRegression(WholeRows):
    """y_t = W h_t + b, trained on the mean squared error over the targets that are not nan.

    Reads inputs (B, T, F) and predicts (B, T, O), in one direction, or full sequences in both.

    Args:
        input_size: features F of a time step; set by the data.
        output_size: numbers O that are predicted at a step; set by the data.
        readout: linear; or identity, where the architecture's outputs are the predictions.

    Raises:
        InputError: sizes below 1, another readout, or identity where H is not O.
    """

    metric = "mse"

    def __init__(
        self,
        *,
        input_size: int,
        output_size: int,
        architecture: dict[str, Any],
        readout: Literal["linear", "identity"] = "linear",
        **kwargs: Any,
    ) -> None:
        super().__init__(architecture=architecture, **kwargs)
        if input_size < 1 or output_size < 1:
            raise InputError(f"task: expected at least 1 input and 1 output, got {input_size} and {output_size}")
        if readout not in ("linear", "identity"):
            raise InputError(f"task: expected a readout of linear or identity, got {readout}")
        self.architecture = self.build(architecture, input_size)
        hidden_size = self.architecture.output_size
        if readout == "identity" and hidden_size != output_size:
            sizes = f"the architecture has {hidden_size} outputs, the data {output_size}"
            raise InputError(f"task: readout identity needs as many outputs as numbers to predict, but {sizes}")
        self.head = nn.Linear(hidden_size, output_size) if readout == "linear" else nn.Identity()

    def embed(self, inputs: Tensor) -> Tensor:
        return inputs

    def criterion(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return squared_error(outputs, targets)
