"""16-bit types on CPUs with and without kernels for them.  The reference is torch in float32."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

from conformance.architectures import LENGTHS, close, make, random_inputs
from unrolled.architectures import fused_call
from unrolled.errors import InputWarning

HALF = [torch.bfloat16, torch.float16]
FUSED = {
    "LSTM": {},
    "GRU": {},
    "RNN": {},
    "RNN-relu": {},
    "LSTM stacked": {"stack": "stacked"},
    "LSTM in both directions": {"stack": "both"},
    "LSTM with weight drop": {"weight_drop": 0.5},
}
each_fused = pytest.mark.parametrize("name", FUSED)
each_half = pytest.mark.parametrize("dtype", HALF)
padded = pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full rows", "padded rows"])


@pytest.fixture
def no_kernel(monkeypatch):
    """As on a CPU without AVX-512."""
    monkeypatch.setattr(fused_call, "has_kernel", lambda dtype, input_size, hidden_size: False)


def model_and_inputs(name):
    arguments = dict(FUSED[name])
    model = make(name.split()[0], arguments.pop("stack", "one layer"), **arguments).float()
    return model, random_inputs(model)


def run(model, inputs, state, lengths):
    """Outputs, final state and the gradient of every weight; each run drops the same weights."""
    torch.manual_seed(1)
    outputs, final = model(inputs, state, lengths)
    torch.manual_seed(2)
    loss = sum((part.float() * torch.randn(part.shape)).sum() for part in (outputs, *final))
    return [outputs], [*final], [*torch.autograd.grad(loss, [*model.parameters()])]


@each_fused
@each_half
@padded
def test_without_a_kernel_autocast_computes_in_float32(name, dtype, lengths, no_kernel):
    model, (inputs, state) = model_and_inputs(name)
    (outputs,), final, gradients = run(model, inputs, state, lengths)
    with torch.autocast("cpu", dtype=dtype):
        (rounded,), rounded_final, rounded_gradients = run(model, inputs, state, lengths)
    assert {part.dtype for part in (rounded, *rounded_final)} == {dtype}
    if model.num_layers == 1:  # each layer rounds what the next one reads
        assert torch.equal(rounded, outputs.to(dtype))
        assert all(torch.equal(a, b.to(dtype)) for a, b in zip(rounded_final, final, strict=True))
    eps = torch.finfo(dtype).eps
    close(rounded.float(), outputs, 4 * eps)
    close(rounded_gradients, gradients, 8 * eps)  # the gradient that arrives is rounded once a layer


@each_fused
@each_half
@padded
def test_without_a_kernel_weights_of_16_bits_compute_in_float32(name, dtype, lengths, no_kernel):
    model, (inputs, state) = model_and_inputs(name)
    model.to(dtype)
    inputs, state = inputs.to(dtype), tuple(part.to(dtype) for part in state)
    (outputs,), final, gradients = run(model, inputs, state, lengths)
    assert {part.dtype for part in (outputs, *final, *gradients)} == {dtype}
    (wide,), _, wide_gradients = run(model.float(), inputs.float(), tuple(part.float() for part in state), lengths)
    eps = torch.finfo(dtype).eps
    close(outputs.float(), wide, 4 * eps)
    close([gradient.float() for gradient in gradients], wide_gradients, 8 * eps)


@each_fused
@each_half
def test_with_or_without_a_kernel_the_result_is_the_same_up_to_rounding(name, dtype, monkeypatch):
    """Whether this CPU has the kernel or not, one of the two runs computes in float32."""
    model, (inputs, state) = model_and_inputs(name)
    with torch.autocast("cpu", dtype=dtype):
        as_it_is = run(model, inputs, state, LENGTHS)
        monkeypatch.setattr(fused_call, "has_kernel", lambda *asked: False)
        wide = run(model, inputs, state, LENGTHS)
    for actual, expected in zip(as_it_is, wide, strict=True):
        close([part.float() for part in actual], [part.float() for part in expected], 32 * torch.finfo(dtype).eps)


def test_a_double_backward_runs_without_a_kernel(no_kernel):
    """Omega differentiates a gradient."""
    model, (inputs, state) = model_and_inputs("LSTM")

    def second():
        x = inputs.clone().requires_grad_()
        (first,) = torch.autograd.grad(model(x, state)[0].float().square().sum(), x, create_graph=True)
        return torch.autograd.grad(first.float().square().sum(), [*model.parameters()])

    expected = second()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        actual = second()
    scale = max(float(part.abs().max()) for part in expected)
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=16 * torch.finfo(torch.bfloat16).eps * scale)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_float32_and_float64_ask_nothing(dtype, monkeypatch):
    asked = []
    monkeypatch.setattr(fused_call, "has_kernel", lambda *given: asked.append(given))
    model, _ = model_and_inputs("LSTM")
    model.to(dtype)
    model(*random_inputs(model))
    assert not asked


def test_the_kernel_is_asked_once_without_random_numbers():
    fused_call.has_kernel.cache_clear()
    model, (inputs, state) = model_and_inputs("LSTM stacked")
    before = torch.get_rng_state()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for _ in range(3):
            model(inputs, state)
    assert torch.equal(torch.get_rng_state(), before)
    asked = fused_call.has_kernel.cache_info()
    assert (asked.misses, asked.hits) == (2, 7)  # layers of 3 -> 5 and 5 -> 5 units, 3 calls of 3 layers


@pytest.mark.parametrize("first_call", ["in inference mode", "under bf16-true", "in a checkpointed segment"])
def test_the_answer_does_not_depend_on_the_first_call(first_call):
    found = fused_call.has_kernel(torch.bfloat16, 3, 5)
    fused_call.has_kernel.cache_clear()
    saved = []
    if first_call == "in inference mode":
        with torch.inference_mode():
            again = fused_call.has_kernel(torch.bfloat16, 3, 5)
    elif first_call == "under bf16-true":  # which sets the type of new tensors
        torch.set_default_dtype(torch.bfloat16)
        try:
            again = fused_call.has_kernel(torch.bfloat16, 3, 5)
        finally:
            torch.set_default_dtype(torch.float32)
    else:  # whose hooks count what is saved
        with torch.autograd.graph.saved_tensors_hooks(saved.append, lambda tensor: tensor):
            again = fused_call.has_kernel(torch.bfloat16, 3, 5)
    assert again == found and not saved


def test_it_says_so_once(no_kernel):
    fused_call._warn.cache_clear()
    model, (inputs, state) = model_and_inputs("GRU")
    with warnings.catch_warnings(record=True) as caught, torch.autocast("cpu", dtype=torch.bfloat16):
        warnings.simplefilter("always")
        for _ in range(3):
            model(inputs, state)
    (message,) = [str(one.message) for one in caught if one.category is InputWarning]
    assert message == (
        "trainer.precision: this CPU has no recurrent kernel for bfloat16; recurrent layers compute in float32, "
        "and their outputs are rounded to bfloat16"
    )


HIDDEN = {  # environments that hide a processor's units
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "SSE41": {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"},
}


@pytest.mark.parametrize("units", HIDDEN)
def test_a_cpu_without_16_bit_units_runs_every_cell(units):
    """In a separate process in which oneDNN itself refuses, which no monkeypatch can show."""
    script = """
import torch
from conformance.architectures import LENGTHS, close, make, random_inputs
from unrolled.architectures import fused_call

torch.set_default_dtype(torch.bfloat16)  # as under bf16-true
assert not fused_call.has_kernel(torch.bfloat16, 3, 5)
torch.set_default_dtype(torch.float32)
for name in ("LSTM", "GRU", "RNN", "RNN-relu"):
    for lengths in (None, LENGTHS):
        model = make(name, "stacked").float()
        inputs, state = random_inputs(model)
        expected = model(inputs, state, lengths)[0]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = model(inputs, state, lengths)[0]
        outputs.float().sum().backward()
        close(outputs.float(), expected, 0.05)
        model.bfloat16()
        outputs = model(inputs.bfloat16(), tuple(part.bfloat16() for part in state), lengths)[0]
        outputs.sum().backward()
        close(outputs.float(), expected, 0.05)
        assert all(p.grad.isfinite().all() for p in model.parameters())
print("all ran")
"""
    tests = Path(__file__).parents[1]
    environment = {**os.environ, **HIDDEN[units], "PYTHONPATH": f"{tests.parent / 'src'}{os.pathsep}{tests}"}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert ended.stdout == "all ran\n", ended.stderr
    assert ended.stderr.count("this CPU has no recurrent kernel for bfloat16") == 1
