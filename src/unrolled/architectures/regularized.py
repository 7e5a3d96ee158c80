"""Noise and normalisation inside a recurrent stack.  B batch, T time, F input features, H hidden."""

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from unrolled.architectures.dropout_masks import Masks
from unrolled.architectures.stepwise import Stepwise
from unrolled.errors import InputError

NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")  # of a torch module, in the order of `Weights`


class Weights(NamedTuple):
    """What one layer in one direction computes with; G gates."""

    w_ih: Tensor  # (G * H, F)
    w_hh: Tensor  # (G * H, H); weight drop has been here
    b_ih: Tensor  # (G * H,)
    b_hh: Tensor  # (G * H,)
    norms: nn.ModuleDict | None  # layer norm by where it stands


class Regularized(Stepwise):
    """What keeps a recurrent network from learning its data by heart.  Concrete in `RNN`, `LSTM` and `GRU`.

    At 0 and false each argument changes no bit.  The masks of `variational_*` and `weight_drop` are drawn once for all
    time steps of a window (of a call, outside of training with a task) and keep the fused call; `zoneout` and
    `layer_norm` run step by step, in evaluation too.

    Sources: variational dropout on inputs and outputs: Gal & Ghahramani 2016, "A theoretically grounded application of
    dropout in recurrent neural networks".  Weight drop: DropConnect of Wan et al. 2013 on W_h*, Merity, Keskar & Socher
    2018, "Regularizing and optimizing LSTM language models".  Zoneout: Krueger et al. 2017.  Layer norm: Ba, Kiros &
    Hinton 2016.

    Args:
        variational_input: probability that an input feature is zeroed in training, at all time steps of a row alike.
        variational_dropout: the same of an output between two layers.
        variational_output: the same of an output of the last layer.
        weight_drop: probability that a weight from state to gate is zeroed in training, at all time steps alike.
        zoneout: probability that a unit of the state keeps its value for one more time step; in evaluation each unit is
            the mean of both.
        layer_norm: whether what arrives at the gates is normalised over the units.

    Raises:
        InputError: a probability outside [0, 1).
    """

    parts: ClassVar[int] = 1  # tensors in the state: h, and c in an LSTM
    cells: nn.ModuleList
    hidden_size: int

    def __init__(
        self,
        *,
        variational_input: float = 0.0,
        variational_dropout: float = 0.0,
        variational_output: float = 0.0,
        weight_drop: float = 0.0,
        zoneout: float = 0.0,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        self.refuse_improbable(
            variational_input=variational_input,
            variational_dropout=variational_dropout,
            variational_output=variational_output,
            weight_drop=weight_drop,
            zoneout=zoneout,
        )
        self.variational_input, self.variational_dropout = variational_input, variational_dropout
        self.variational_output, self.weight_drop = variational_output, weight_drop
        self.zoneouts = (zoneout,) * self.parts  # of h, and of c in an LSTM
        self.layer_norm = layer_norm
        self.masks = Masks(max(variational_input, variational_dropout, variational_output, weight_drop) > 0)
        self.norms = nn.ModuleList()

    def refuse_improbable(self, **given: float) -> None:
        for name, probability in given.items():
            if not 0 <= probability < 1:
                raise InputError(f"{type(self).__name__}: expected {name} in [0, 1), got {probability}")

    @property
    def fusible(self) -> bool:
        """Whether one fused call can do it."""
        return not self.layer_norm and max(self.zoneouts) == 0

    def veil(self, name: str, x: Tensor, probability: float) -> Tensor:
        """`x` (B, T, F), in training with features zeroed for all of a row's time steps."""
        if probability == 0 or not self.training:
            return x
        return x * self.masks.of(name, (len(x), 1, x.shape[2]), probability, x)

    def weights(self, k: int) -> Weights:
        """Of cell `k`, as this call uses them."""
        w_ih, w_hh, b_ih, b_hh = (getattr(self.cells[k], name) for name in NAMES)
        if self.dropping:
            w_hh = w_hh * self.masks.of(f"weights of cell {k}", w_hh.shape, self.weight_drop, w_hh)
        norms = self.norms[k] if self.layer_norm else None
        assert norms is None or isinstance(norms, nn.ModuleDict)
        return Weights(w_ih, w_hh, b_ih, b_hh, norms)

    @property
    def dropping(self) -> bool:
        """Whether weights are dropped now."""
        return self.weight_drop > 0 and self.training

    def zones(self, x: Tensor) -> list[tuple[Tensor | float, ...]]:
        """For each time step of `x` (B, T, F) and part of the state: which units are kept (B, H), or how probably."""
        if max(self.zoneouts) == 0:
            return [()] * x.shape[1]
        shape = (*x.shape[:2], self.hidden_size)
        drawn = [
            (torch.rand(shape, device=x.device) < p).unbind(1) if self.training and p > 0 else (p,) * shape[1]
            for p in self.zoneouts
        ]
        return [*zip(*drawn, strict=True)]
