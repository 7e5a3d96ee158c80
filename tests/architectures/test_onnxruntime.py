"""onnxruntime runs the same weights, float32: outputs and final state within 1e-5 over random cases.

Shapes: B batch, T time, F features, H hidden, D directions.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from conformance.architectures import CELLS, each_path
from conformance.onnx_layout import to_onnx


class Case(NamedTuple):
    hidden: int
    features: int
    layers: int
    batch: int
    time: int
    scale: float  # weights from the inputs, and biases, are uniform in [-scale, scale]
    gain: float  # weights from the state are so in [-gain, gain] / sqrt(H)
    with_lengths: bool
    with_state: bool
    seed: int


def sizes(layers, time, scales, gains):
    switches = st.booleans(), st.booleans(), st.integers(0, 2**32 - 1)
    hidden, count = st.sampled_from([1, 2, 3, 5, 8, 17]), st.integers(1, 9)
    layers, batch, time = st.integers(1, layers), st.integers(1, 6), st.integers(1, time)
    scales, gains = st.sampled_from(scales), st.sampled_from(gains)
    return st.builds(Case, hidden, count, layers, batch, time, scales, gains, *switches)


# Large recurrent weights make a network chaotic: two right float32 answers part within a few steps, so these are short.
long = sizes(layers=2, time=20, scales=[0.01, 0.1, 0.6, 2.0], gains=[0.1, 1.0, 1.7])
large = sizes(layers=1, time=2, scales=[1.0, 5.0], gains=[1.7, 5.0])


@cache
def session(op, hidden, directions, activation):
    """One node with everything else as an input, so that it serves every case."""
    parts = ["initial_h", "initial_c"] if op == "LSTM" else ["initial_h"]
    names = ["X", "W", "R", "B", "sequence_lens", *parts]
    results = ["Y", "Y_h", "Y_c"][: 1 + len(parts)]
    more = {"linear_before_reset": 1} if op == "GRU" else {}
    if activation:
        more["activations"] = [activation] * directions
    direction = "bidirectional" if directions == 2 else "forward"
    node = helper.make_node(op, names, results, hidden_size=hidden, direction=direction, **more)
    kinds = {"sequence_lens": TensorProto.INT32}
    inputs = [helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), None) for name in names]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in results]
    graph = helper.make_graph([node], op, inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def expected(cell, model, inputs, state, lengths):
    """Outputs (B, T, D*H) and final state, one ONNX node a layer."""
    op, activation = cell.partition("-")[0], {"RNN": "Tanh", "RNN-relu": "Relu"}.get(cell)
    x, finals, weights = inputs.transpose(1, 0, 2), [], [p.detach().numpy() for p in model.parameters()]
    directions = model.output_size // model.hidden_size
    for first in range(0, len(weights) // 4, directions):
        layer_weights = [weights[4 * k : 4 * k + 4] for k in range(first, first + directions)]
        feed = dict(zip("WRB", to_onnx(op, layer_weights), strict=True), X=x, sequence_lens=lengths.astype(np.int32))
        for name, part in zip(["initial_h", "initial_c"], state, strict=False):
            feed[name] = np.ascontiguousarray(part[:, first : first + directions].transpose(1, 0, 2))
        y, *final = session(op, model.hidden_size, directions, activation).run(None, feed)
        x = np.ascontiguousarray(y.transpose(0, 2, 1, 3).reshape(*x.shape[:2], -1))
        finals.append(final)
    return x.transpose(1, 0, 2), [np.concatenate(part).transpose(1, 0, 2) for part in zip(*finals, strict=True)]


def compare(cell, path, directions, case):
    rng = np.random.default_rng(case.seed)
    model = CELLS[cell](
        input_size=case.features, hidden_size=case.hidden, num_layers=case.layers, bidirectional=directions == 2
    )  # fmt: skip
    for k, parameter in enumerate(model.parameters()):
        most = case.gain / case.hidden**0.5 if k % 4 == 1 else case.scale
        parameter.data = torch.from_numpy(rng.uniform(-most, most, parameter.shape).astype(np.float32))
    inputs = rng.standard_normal((case.batch, case.time, case.features), np.float32)
    zeros = [np.zeros(part.shape, np.float32) for part in model.initial_state(case.batch)]
    state = [rng.uniform(-1, 1, part.shape).astype(np.float32) for part in zeros] if case.with_state else zeros
    lengths = rng.integers(1, case.time + 1, case.batch) if case.with_lengths else np.full(case.batch, case.time)
    with torch.no_grad():
        outputs, final = path(
            model,
            torch.from_numpy(inputs),
            tuple(torch.from_numpy(part) for part in state) if case.with_state else None,
            torch.from_numpy(lengths) if case.with_lengths else None,
        )
    y, finals = expected(cell, model, inputs, state, lengths)
    for ours, theirs in zip([outputs, *final], [y, *finals], strict=True):
        tolerance = 1e-5 * max(1.0, np.abs(theirs).max())  # only relu leaves [-1, 1]
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN", "RNN-relu"])
@pytest.mark.parametrize("directions", [1, 2])
@each_path
def test_equals_onnxruntime(cell, directions, path):
    @settings(max_examples=100)
    @given(long | large)
    def check(case):
        compare(cell, path, directions, case)

    check()
