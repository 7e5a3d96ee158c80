"""Padded and packed read the same rows to the same numbers, so that their times may be compared."""

import sys

import pytest
import torch

from unrolled.functional.batch import row_lengths


@pytest.fixture
def lengths(script, monkeypatch):
    module = script("lengths")
    for name, value in {"SEQUENCES": 24, "FEATURES": 3, "ROWS": 4}.items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.mark.parametrize("bidirectional", [False, True])
def test_both_readers_answer_alike_at_each_last_step(lengths, monkeypatch, bidirectional):
    made = []
    for name in ("LSTM", "nn"):
        real = lengths.LSTM if name == "LSTM" else lengths.nn.LSTM
        target = (lengths, "LSTM") if name == "LSTM" else (lengths.nn, "LSTM")
        monkeypatch.setattr(*target, lambda *a, real=real, **k: made.append(real(*a, **k)) or made[-1])
    ours = lengths.padded(5, bidirectional)
    padded = made[0]
    theirs = lengths.packed(5, bidirectional)
    packed = made[-1]
    with torch.no_grad():
        for suffix, cell in zip(("", "_reverse"), padded.cells, strict=False):
            for name, value in cell.named_parameters():
                getattr(packed, name + suffix).copy_(value)
    for batch in lengths.loader(lengths.lengths_like_sentences(24)):
        until = row_lengths(batch.targets)
        last = torch.arange(len(until)), until - 1
        found, expected = (read(batch.inputs, until)[last] for read in (ours, theirs))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_the_table_has_a_row_for_each_size_and_direction(lengths, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lengths", "--rounds", "1"])
    lengths.main()
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("hidden")]
    assert [row.split("direction")[0].split()[:2] for row in rows] == [["hidden", "64,"]] * 2 + [["hidden", "256,"]] * 2
    assert all(float(row.split()[-3]) > 0 for row in rows)


def test_the_share_of_padding_is_of_all_steps(lengths):
    """A row of 4 steps in one batch with three of a single step: 9 of its 16 steps are padding."""
    assert lengths.padding(torch.tensor([3, 3, 3, 3, 3])) == 0
    assert lengths.padding(torch.tensor([4, 1, 1, 1])) == pytest.approx(9 / 16)
