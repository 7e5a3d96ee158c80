"""Find the step and module that produced a nan or an inf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from unrolled.errors import RunFailed
from unrolled.functional.gradients import nonfinite_names

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask


def failure(task: SequenceTask) -> RunFailed:
    """The error for a step whose loss or gradient is not finite."""
    return RunFailed(
        f"optimizer step {task.optimizer_steps + 1}: the loss is {float(task.loss):g} and the gradient's norm "
        f"{float(task.gradient_norm):g}; {first_bad_module(task)}. The weights are as before this step: lower the "
        "learning rate, or clip the gradient"
    )


def first_bad_module(task: SequenceTask) -> str:
    """A sentence that names the first module whose weights or output are not finite, or else the module nearest to the
    loss whose gradient is not finite.

    Runs the step's forward pass once more.
    """
    weights = nonfinite_names(task.named_parameters())
    if weights:
        return f"the first bad module is {_module(weights[0])}: its weight is not finite"
    order, bad = _run(task)
    if bad:
        return f"the first bad module is {bad[0]}: its output is not finite"
    gradients = {_module(name) for name in nonfinite_names((name, p.grad) for name, p in task.named_parameters())}
    nearest = next((name for name in reversed(order) if name in gradients), None)
    if nearest:
        return f"the first bad module, back from the loss, is {nearest}: its gradient is not finite"
    return "every output and gradient is finite by itself"


def _run(task: SequenceTask) -> tuple[list[str], list[str]]:
    """The modules in the order of execution, and those whose output was not finite."""
    order: list[str] = []
    bad: list[str] = []

    def look(name: str, output: Any) -> None:
        order.append(name)
        tensors = [output] if isinstance(output, Tensor) else [part for part in output if isinstance(part, Tensor)]
        if nonfinite_names((name, tensor) for tensor in tensors):
            bad.append(name)

    leaves = [(name, module) for name, module in task.named_modules() if name and not [*module.children()]]
    hooks = [m.register_forward_hook(lambda _, __, out, name=name: look(name, out)) for name, m in leaves]
    with torch.no_grad(), task.trainer.precision_plugin.forward_context():
        task.run_window()
    for hook in hooks:
        hook.remove()
    return order, bad


def _module(parameter: str) -> str:
    return parameter.rpartition(".")[0] or parameter
