"""Keep the memory that one step frees for the next one."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's <malloc.h>
KEPT = 1 << 30  # bytes that may lie unused before any goes back to the system
MAPPED = 32 << 20  # bytes from which a tensor is mapped by itself: the most that glibc takes


def keep() -> None:
    """Tell glibc not to hand large freed tensors back to the system; elsewhere nothing.

    By default it does, and each step pays for touching its logits and their gradients as new pages: several per cent of
    a training step on a CPU where the vocabulary is large.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, KEPT)
        mallopt(M_MMAP_THRESHOLD, MAPPED)
