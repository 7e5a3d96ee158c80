"""Images as sequences of rows or pixels.  N images of R rows and C columns."""

from typing import Literal

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.generators import generator

Order = Literal["row", "pixel", "permuted"]
ORDERS = ("row", "pixel", "permuted")


def as_sequences(images: Tensor, order: Order, seed: int) -> list[Tensor]:
    """Convert images (N, R, C) to N sequences, from the top left.

        row       (R, C): one row per step
        pixel     (R C, 1): one pixel per step, row by row
        permuted  (R C, 1): one pixel per step, in a random order from `seed` that is the same for all images

    Source of pixel and permuted: Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent networks of rectified
    linear units", section 4.2.
    """
    check_order(order)
    if order == "row":
        return [*images.unbind()]
    pixels = images.flatten(1)[..., None]
    if order == "permuted":
        pixels = pixels[:, torch.randperm(pixels.shape[1], generator=generator(seed, "permuted pixels"))]
    return [*pixels.unbind()]


def check_order(order: str) -> None:
    """Raise InputError for an unknown order."""
    if order not in ORDERS:
        raise InputError(f"data.init_args.order: expected one of {', '.join(ORDERS)}, got {order!r}")
