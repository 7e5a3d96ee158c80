"""Token dropout: zero the embeddings of random vocabulary entries for a window.

B batch, T time, E embedding, V vocabulary.

Source: Gal & Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks", section
4.2.
"""

from torch import Tensor, nn

from unrolled.architectures.dropout_masks import Masks, check_probabilities


def drop_tokens(embedded: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """`embedded` (B, T, E) with each embedding multiplied by its token's entry of `mask` (V,).

    Equivalent to masking the rows of the embedding matrix, without a second matrix.
    """
    return embedded * mask[tokens][..., None]


class TokenDropout(nn.Module):
    """In training, zero the embeddings of random tokens of the vocabulary at every position of a window.

    Args:
        probability: that a token is dropped; at 0 no random number is drawn.

    Raises:
        InputError: a probability outside [0, 1).
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        check_probabilities("task", embedding_dropout=probability)
        self.probability, self.masks = probability, Masks(probability > 0)

    def forward(self, embedded: Tensor, tokens: Tensor, vocabulary_size: int) -> Tensor:
        """`embedded` (B, T, E), the embeddings of `tokens` (B, T), with dropped tokens zeroed."""
        if self.probability == 0 or not self.training:
            return embedded
        self.masks.start_call()
        return drop_tokens(
            embedded, tokens, self.masks.get_mask("tokens", (vocabulary_size,), self.probability, embedded)
        )
