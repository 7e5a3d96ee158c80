"""Weights in ONNX's layout: W (D, G*H, F), R (D, G*H, H), B (D, 2*G*H), with its own order of the G gates.

torch stacks an LSTM's rows as i f g o and a GRU's as r z n; ONNX as i o f c and z r h.
"""

import numpy as np

ORDER = {"LSTM": [0, 3, 1, 2], "GRU": [1, 0, 2], "RNN": [0]}  # ONNX's k-th block of rows is torch's ORDER[k]-th


def to_onnx(op, directions):
    """W, R, B from one (weight_ih, weight_hh, bias_ih, bias_hh) of torch's for each direction."""

    def reordered(weight):
        return np.concatenate([np.split(weight, len(ORDER[op]))[k] for k in ORDER[op]])

    w, r, b_w, b_r = (np.stack([reordered(each[k]) for each in directions]) for k in range(4))
    return w, r, np.concatenate([b_w, b_r], -1)


def from_onnx(op, w, r, b):
    """The inverse: a list over directions of (weight_ih, weight_hh, bias_ih, bias_hh)."""

    def reordered(weight):
        blocks = np.split(weight, len(ORDER[op]))
        return np.concatenate([blocks[ORDER[op].index(k)] for k in range(len(blocks))])

    return [tuple(reordered(part) for part in (w[d], r[d], *np.split(b[d], 2))) for d in range(len(w))]
