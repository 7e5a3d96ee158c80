"""Random numbers that are a function of what they are for."""

import hashlib

import torch


def generator(*key: object) -> torch.Generator:
    """A generator on the CPU whose numbers are a function of `key` (of the `repr` of its parts)."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=4).digest()  # torch's Mersenne twister takes 32 bits
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))
