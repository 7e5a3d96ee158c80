"""Random generators seeded by a key."""

import hashlib

import torch


def generator(*key: object, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator on `device`, seeded by a hash of `key` (of the `repr` of its parts)."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=4).digest()  # torch's Mersenne twister takes 32 bits
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "big"))
