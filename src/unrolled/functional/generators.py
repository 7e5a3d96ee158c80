"""Random numbers that are a function of what they are for."""

import hashlib

import torch


def generator(*key: object, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator whose numbers are a function of `key` (of the `repr` of its parts), and of the kind of `device`."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=4).digest()  # torch's Mersenne twister takes 32 bits
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "big"))
