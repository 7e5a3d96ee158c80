"""A nan or an inf stops before the optimizer step, names the step and the module, and leaves the weights alone."""

import pytest
import pytorch_lightning as pl
import torch

from conformance.training import DROPOUT, fit, make, weights
from unrolled import compose
from unrolled.errors import RunFailed
from unrolled.strategies import CarriedState, ClipNorm, ClipValue, ScheduledSampling, TeacherForcing, TruncatedBPTT
from unrolled.tasks import LanguageModeling

MODULES = ["embedding", "architecture.cells.0", "architecture.cells.1", "head"]
STACKED = {"architecture": DROPOUT["architecture"]}
COMPANY = {
    "alone": ((), {}),
    "clipped": ((ClipNorm, TruncatedBPTT, CarriedState), {"max_norm": 1.0, "k1": 8, "k2": 8}),
    "by value": ((ClipValue, TeacherForcing), {"max_value": 0.1, "ratio": 0.5}),
}
each_module = pytest.mark.parametrize("module", MODULES)
each_company = pytest.mark.parametrize("company", COMPANY)
STEP = 3


class Poison(pl.Callback):
    """From optimizer step STEP on, spoil one module: its weight, its output, or the gradient of its weights."""

    def __init__(self, what, module, value):
        self.what, self.module, self.value = what, module, value
        self.armed = False

    def on_fit_start(self, trainer, task):
        module = task.get_submodule(self.module)
        if self.what == "output":
            module.register_forward_hook(lambda _, __, output: self.spoil(output))
        elif self.what == "gradient":
            for parameter in module.parameters():
                parameter.register_hook(self.spoil)

    def spoil(self, value):
        if isinstance(value, tuple):
            return self.spoil(value[0]), *value[1:]
        return torch.where(torch.arange(value.numel()).view_as(value) == 1, self.value, value) if self.armed else value

    def on_train_batch_start(self, trainer, task, batch, batch_idx):
        self.armed = self.armed or task.optimizer_steps >= STEP - 1
        if self.armed and self.what == "weight":
            with torch.no_grad():
                next(task.get_submodule(self.module).parameters()).view(-1)[:] = self.value
        self.before = weights(task)


def stopped(company, poison, **trainer):
    """What the run says as it stops; its weights are still those from before the step."""
    strategies, arguments = COMPANY[company]
    task = make(compose(LanguageModeling, *strategies), **STACKED, **arguments)
    with pytest.raises(RunFailed) as caught:
        fit(task, callbacks=[poison], trainer=trainer)
    for name, value in weights(task).items():
        assert torch.equal(value.nan_to_num(), poison.before[name].nan_to_num()), name
    assert "\n" not in str(caught.value)
    return str(caught.value)


@each_company
@each_module
@pytest.mark.parametrize("what", ["weight", "output", "gradient"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_step_and_the_module_are_named(company, module, what, value):
    message = stopped(company, Poison(what, module, value))
    assert f"optimizer step {STEP}:" in message
    assert f" {module}: its {what} is not finite" in message


@each_module
def test_of_a_gradient_that_spoils_all_before_it_the_module_nearest_to_the_loss_is_named(module):
    class Flow(Poison):
        def on_fit_start(self, trainer, task):
            task.get_submodule(self.module).register_forward_hook(self.hook)

        def hook(self, module, inputs, output):
            tensor = output[0] if isinstance(output, tuple) else output
            if tensor.requires_grad:
                tensor.register_hook(self.spoil)

    assert f" {module}: its gradient is not finite" in stopped("alone", Flow("", module, float("nan")))


def test_the_windows_of_truncation_are_counted_as_steps():
    COMPANY["windows"] = ((TruncatedBPTT, ScheduledSampling), {"k1": 3, "k2": 5})
    assert "optimizer step 4:" in stopped("windows", Poison("output", "head", float("nan")))  # batch 2 begins there


def test_a_nan_in_the_first_of_two_accumulated_batches_stops_too():
    message = stopped("alone", Poison("gradient", "head", float("nan")), accumulate_grad_batches=2)
    assert f"optimizer step {STEP}:" in message and " head: its gradient is not finite" in message


def test_tied_weights_are_named_by_where_the_nan_was_made():
    task = make(LanguageModeling, tied=True, embedding_size=6)

    def spoil(module, inputs, output):
        if output.requires_grad:
            output.register_hook(lambda gradient: gradient * float("nan"))

    task.head.register_forward_hook(spoil)
    with pytest.raises(RunFailed, match=" head: its gradient is not finite"):
        fit(task)


def test_a_loss_that_is_no_number_by_itself_is_told():
    task = make(LanguageModeling)
    task.penalties = lambda hidden: {"inf": lambda: torch.tensor(float("inf"))}
    with pytest.raises(RunFailed, match=r"step 1: the loss is inf .* finite by itself"):
        fit(task)
