"""Pictures as sequences.  N pictures of R rows and C columns."""

from typing import Literal

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.generators import generator

Order = Literal["row", "pixel", "permuted"]
ORDERS = ("row", "pixel", "permuted")


def as_sequences(pictures: Tensor, order: Order, seed: int) -> list[Tensor]:
    """Pictures (N, R, C) as N sequences, read from the top left.

        row       (R, C): a row at each step
        pixel     (R C, 1): a pixel at each step, row after row
        permuted  (R C, 1): the same pixels in one other order, drawn from `seed`, for all pictures

    Source of the last two: Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent networks of rectified linear
    units", section 4.2.
    """
    check_order(order)
    if order == "row":
        return [*pictures.unbind()]
    pixels = pictures.flatten(1)[..., None]
    if order == "permuted":
        pixels = pixels[:, torch.randperm(pixels.shape[1], generator=generator(seed, "permuted pixels"))]
    return [*pixels.unbind()]


def check_order(order: str) -> None:
    if order not in ORDERS:
        raise InputError(f"data.init_args.order: expected one of {', '.join(ORDERS)}, got {order!r}")
