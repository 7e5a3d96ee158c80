"""The table of 16-bit types says which kernels it measured."""

import torch

from unrolled.architectures import fused_call


def test_a_row_for_each_cell_and_size(printed):
    kernel = "with" if fused_call.has_kernel(torch.bfloat16, 64, 64) else "without"
    header, *rows = printed("half_precision", "--rounds 1")
    assert header[0] == f"{torch.backends.cpu.get_cpu_capability()}, {kernel} a bfloat16 kernel"
    assert [row[0] for row in rows] == [f"{cell} 1x{size}" for cell in ("LSTM", "GRU", "RNN") for size in (64, 256)]
    assert all(float(ratio) > 0 for row in rows for ratio in row[1:])
