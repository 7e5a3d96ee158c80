"""The real corpora, where this machine has them."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def corpora() -> Path:
    """The folder of real data sets that UNROLLED_TEST_DATA names."""
    if not (folder := os.environ.get("UNROLLED_TEST_DATA")):
        pytest.skip("UNROLLED_TEST_DATA names no folder with the real corpora")
    return Path(folder)
