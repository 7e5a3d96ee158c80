"""Texts of several documents."""

from collections.abc import Callable
from itertools import accumulate

import torch
from torch import Tensor


def encode_documents(text: str, separator: str | None, encode: Callable[[str], Tensor]) -> tuple[Tensor, Tensor]:
    """The tokens of all documents, and the places of those with which the second and later ones start.

    Args:
        text: the documents, one behind the other.
        separator: what each but the last ends with; null: there is one document.
        encode: token numbers (N,) of a text.
    """
    *ended, rest = text.split(separator) if separator else [text]
    documents = [*(f"{document}{separator}" for document in ended), rest]
    encoded = [encode(document) for document in documents if document or len(documents) == 1]
    return torch.cat(encoded), torch.tensor([*accumulate(map(len, encoded))][:-1], dtype=torch.int64)
