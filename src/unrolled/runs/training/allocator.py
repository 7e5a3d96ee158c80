"""Memory allocator settings: keep freed memory for the next step."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's <malloc.h>
KEPT = 1 << 30  # unused bytes above which memory is returned to the system
MAPPED = 32 << 20  # bytes from which an allocation gets its separate mapping: glibc's maximum


def keep() -> None:
    """Let glibc keep large freed tensors instead of returning them to the system; no effect elsewhere.

    By default each step has to map new pages for its logits and their gradients, which costs several per cent of
    a training step on a CPU where the vocabulary is large.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, KEPT)
        mallopt(M_MMAP_THRESHOLD, MAPPED)
