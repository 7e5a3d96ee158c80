"""Tokens that are not read.  B batch, T time, E embedding, V vocabulary."""

from torch import Tensor


def drop_tokens(embedded: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """`embedded` (B, T, E) times its token's entry of `mask` (V,): a token of 0 there is zeroed wherever it stands.

    Equals an embedding matrix whose rows are multiplied by `mask`, without a second matrix.

    Source: Gal & Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks",
    section 4.2.
    """
    return embedded * mask[tokens][..., None]
