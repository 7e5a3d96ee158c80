"""Dropout masks that are constant over a window of time steps: of features, weights and tokens.

B batch, T time, F features, E embedding, V vocabulary.

Source of token dropout: Gal & Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural
networks", section 4.2.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.generators import generator


def check_probabilities(owner: str, **probabilities: float) -> None:
    """Raise an InputError that names the `owner` for the first probability outside [0, 1)."""
    for name, probability in probabilities.items():
        if not 0 <= probability < 1:
            raise InputError(f"{owner}: expected {name} in [0, 1), got {probability}")


class Masks(nn.Module):
    """Dropout masks by name, each a function of its name and of one seed per window (per call, outside of windows).

    A window may take several calls (resets, split points), a call without a graph first (feedback), or a second call in
    the backward pass (CheckpointedBPTT): all of them get the same masks.  The seed comes from torch's global generator
    at the start of the window, so the run's seed determines it, and a checkpoint saves no other state.

    Args:
        enabled: whether masks are drawn; if false, no random number is consumed.
    """

    def __init__(self, enabled: bool) -> None:
        super().__init__()
        self.enabled, self.in_window, self.seed = enabled, False, 0
        self.cache: dict[tuple[object, ...], Tensor] = {}

    def start_window(self) -> None:
        """Draw a new seed and hold it until the next window or `release_dropout_masks`."""
        self.in_window = False
        self.start_call()
        self.in_window = True

    def start_call(self) -> None:
        """Draw a new seed, except within a window."""
        if self.enabled and not self.in_window:
            self.seed, self.cache = int(torch.randint(2**62, ())), {}

    def get_mask(self, name: str, shape: Sequence[int], probability: float, like: Tensor) -> Tensor:
        """A mask of `shape`: 0 with `probability`, else 1 / (1 - probability), with the dtype and device of `like`."""
        key = (name, *shape, like.dtype, like.device)
        if key not in self.cache:
            random = generator(self.seed, name, device=like.device)
            kept = torch.rand(tuple(shape), generator=random, device=like.device) >= probability
            self.cache[key] = kept.to(like.dtype) / (1 - probability)
        return self.cache[key]

    def drop_features(self, name: str, x: Tensor, probability: float) -> Tensor:
        """Variational dropout: in training zero features of `x` (B, T, F) at all time steps of a sequence."""
        if probability == 0 or not self.training:
            return x
        return x * self.get_mask(name, (len(x), 1, x.shape[2]), probability, x)


def renew_dropout_masks(model: nn.Module) -> None:
    """Start a window: new masks in every module of `model`."""
    for masks in _all(model):
        masks.start_window()


def release_dropout_masks(model: nn.Module) -> None:
    """End the window: from now on each call of a module in `model` draws new masks."""
    for masks in _all(model):
        masks.in_window = False


def _all(model: nn.Module) -> list[Masks]:
    return [module for module in model.modules() if isinstance(module, Masks)]


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
