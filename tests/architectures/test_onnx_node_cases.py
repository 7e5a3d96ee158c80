"""ONNX's node tests.

Most have constant weights and cannot see a wrong gate order: they check layouts and directions.
"""

import importlib

import numpy as np
import pytest
import torch
from onnx.backend.test.case import node as node_cases
from onnx.helper import get_attribute_value

from conformance.architectures import CELLS
from conformance.onnx_layout import from_onnx

OPERATORS = ["LSTM", "GRU", "RNN"]
# A module registers its cases when imported; the public `collect_testcases` imports all of ONNX's modules, 10 s.
for operator in OPERATORS:
    importlib.import_module(f"onnx.backend.test.case.node.{operator.lower()}")

CASES = {case.name: case for case in node_cases._NodeTestCases if case.model.graph.node[0].op_type in OPERATORS}
OTHER_EQUATIONS = {
    "test_lstm_with_peepholes": "our gates do not read the cell",
    "test_gru_seq_length": "linear_before_reset=0 with random weights: its reset gate acts before the product",
}


def test_all_cases_of_the_three_operators_are_here():
    assert len(CASES) >= 18 and set(OTHER_EQUATIONS) < set(CASES)


@pytest.mark.parametrize("name", sorted(set(CASES) - set(OTHER_EQUATIONS)))
def test_node(name):
    case, node = CASES[name], CASES[name].model.graph.node[0]
    (given, wanted), attributes = case.data_sets[0], {a.name: get_attribute_value(a) for a in node.attribute}
    given = dict(zip(filter(None, node.input), given, strict=True))
    assert set(given) <= {"X", "W", "R", "B"} and set(attributes) <= {"hidden_size", "direction", "layout"}
    w, r, direction = given["W"], given["R"], attributes.get("direction", b"forward")
    b = given.get("B", np.zeros((len(w), 2 * w.shape[1]), np.float32))
    weights = from_onnx(node.op_type, w, r, b)
    two = direction != b"forward"  # a reversed layer is the second half of one in both directions
    model = CELLS[node.op_type](input_size=w.shape[2], hidden_size=r.shape[2], bidirectional=two)
    for mine, theirs in zip(model.parameters(), [part for each in weights * (1 + two) for part in each], strict=False):
        mine.data = torch.from_numpy(theirs)

    batch_first = attributes.get("layout", 0) == 1
    x = given["X"] if batch_first else given["X"].transpose(1, 0, 2)
    with torch.no_grad():
        outputs, state = model(torch.from_numpy(np.ascontiguousarray(x)))
    kept = slice(1, 2) if direction == b"reverse" else slice(None)
    y = outputs.unflatten(-1, (1 + two, -1))[:, :, kept]  # (B, T, D, H)
    order = {"Y": (0, 1, 2, 3) if batch_first else (1, 2, 0, 3), "Y_h": (0, 1, 2) if batch_first else (1, 0, 2)}
    found = {"Y": y.permute(order["Y"])}
    found |= {name: part[:, kept].permute(order["Y_h"]) for name, part in zip(["Y_h", "Y_c"], state, strict=False)}
    for output, value in zip(filter(None, node.output), wanted, strict=True):
        np.testing.assert_allclose(found[output].numpy(), value, rtol=1e-5, atol=1e-6, err_msg=output)
