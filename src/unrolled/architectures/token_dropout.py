"""Words that are not read for a while.  B batch, T time, E embedding, V vocabulary."""

from torch import Tensor, nn

from unrolled.architectures.dropout_masks import Masks, check_probabilities


def drop_tokens(embedded: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """`embedded` (B, T, E) times its token's entry of `mask` (V,): a token of 0 there is zeroed wherever it stands.

    Equals an embedding matrix whose rows are multiplied by `mask`, without a second matrix.

    Source: Gal & Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks",
    section 4.2.
    """
    return embedded * mask[tokens][..., None]


class TokenDropout(nn.Module):
    """In training some tokens of the vocabulary are not read, wherever they stand in a window.

    Source: Gal & Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks".

    Args:
        probability: of each token; 0: all are read, and no random number is drawn.

    Raises:
        InputError: a probability outside [0, 1).
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        check_probabilities("task", embedding_dropout=probability)
        self.probability, self.masks = probability, Masks(probability > 0)

    def forward(self, embedded: Tensor, tokens: Tensor, vocabulary_size: int) -> Tensor:
        """`embedded` (B, T, E), the features of `tokens` (B, T), which are below `vocabulary_size`."""
        if self.probability == 0 or not self.training:
            return embedded
        self.masks.start_call()
        return drop_tokens(
            embedded, tokens, self.masks.get_mask("tokens", (vocabulary_size,), self.probability, embedded)
        )
