"""Padded batches compared with `pack_padded_sequence`, and the gain of bucketing; one thread.

    python benchmarks/lengths.py [--rounds 5]

Both read the same sequences, in the same bucketed batches: an LSTM from packed sequences or from padded ones, the
output at each sequence's last step, forward and backward, down to the inputs, which are learned like embeddings.
Prints the median over the rounds, which alternate, and the median of the rounds' ratios: a busy machine slows both
alike.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from unrolled.architectures import LSTM
from unrolled.data.loaders.bucketed import BucketedLoader
from unrolled.functional.batch import SequenceBatch, at_end, row_lengths

FEATURES, ROWS, SEQUENCES = 64, 32, 640
Reader = Callable[[Tensor, Tensor], Tensor]  # inputs (B, T, F) and lengths (B,) -> outputs (B, T, H)


def lengths_like_sentences(count: int) -> Tensor:
    """Words of sentences: log-normal, median 18, from 2 to 80."""
    drawn = torch.randn(count, generator=torch.Generator().manual_seed(1))
    return (18 * (0.6 * drawn).exp()).round().long().clamp(2, 80)


def loader(lengths: Tensor) -> BucketedLoader:
    inputs = [torch.randn(length, FEATURES) for length in lengths.tolist()]
    return BucketedLoader(inputs, [at_end(torch.tensor(0), len(one)) for one in inputs], rows=ROWS, shuffle=1)


def padded(hidden: int, bidirectional: bool) -> Reader:
    cell = LSTM(input_size=FEATURES, hidden_size=hidden, bidirectional=bidirectional)

    def read(inputs: Tensor, lengths: Tensor) -> Tensor:
        # In one direction no output that is measured comes after padding, and no length is needed.
        outputs, _ = cell(inputs, cell.initial_state(len(inputs)), lengths if bidirectional else None)
        return outputs

    return read


def packed(hidden: int, bidirectional: bool) -> Reader:
    cell = nn.LSTM(FEATURES, hidden, batch_first=True, bidirectional=bidirectional)

    def read(inputs: Tensor, lengths: Tensor) -> Tensor:
        outputs, _ = cell(pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False))
        return pad_packed_sequence(outputs, batch_first=True)[0]

    return read


def seconds(read: Reader, batches: Sequence[SequenceBatch]) -> float:
    began = time.perf_counter()
    for batch in batches:
        lengths = row_lengths(batch.targets)
        outputs = read(batch.inputs.detach().requires_grad_(), lengths)
        outputs[torch.arange(len(lengths)), lengths - 1].sum().backward()
    return time.perf_counter() - began


def padding(lengths: Tensor) -> float:
    """The share of steps that is padding where rows meet at random."""
    order = torch.randperm(len(lengths), generator=torch.Generator().manual_seed(2))
    steps = sum(len(group) * int(group.max()) for group in lengths[order].split(ROWS))
    return 1 - int(lengths.sum()) / steps


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    torch.set_num_threads(1)
    torch.manual_seed(1)
    batches = [*loader(lengths_like_sentences(SEQUENCES))]
    head = f"LSTM, {FEATURES} features, {ROWS} rows"
    print(f"\n{head:34}{'padded':>10}{'packed':>10}{'ratio':>8}{'min':>7}{'max':>7}   (sequences/s, one thread)")
    for hidden in (64, 256):
        for bidirectional in (False, True):
            ours, theirs = padded(hidden, bidirectional), packed(hidden, bidirectional)
            seconds(ours, batches[:3]), seconds(theirs, batches[:3])  # warm up
            pairs = [(seconds(ours, batches), seconds(theirs, batches)) for _ in range(rounds)]
            speeds = [statistics.median(SEQUENCES / pair[side] for pair in pairs) for side in (0, 1)]
            ratios = sorted(pair[1] / pair[0] for pair in pairs)
            name = f"hidden {hidden}, {'two directions' if bidirectional else 'one direction'}"
            spread = f"{statistics.median(ratios):8.2f}{ratios[0]:7.2f}{ratios[-1]:7.2f}"
            print(f"{name:34}{speeds[0]:10,.0f}{speeds[1]:10,.0f}{spread}")
    lengths = lengths_like_sentences(20_000)
    print(
        f"\npadding, 20,000 sequences of 2 to 80 steps: {padding(lengths):.1%} of the steps where rows meet at random,"
    )
    print(f"{loader(lengths).padding():.1%} with bucketing")


if __name__ == "__main__":
    main()
