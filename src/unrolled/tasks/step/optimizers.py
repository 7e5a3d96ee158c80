"""Torch optimizers and schedulers, made by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from torch import nn
from torch.optim.lr_scheduler import LinearLR

from unrolled.config import catalog
from unrolled.errors import InputError

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask

# These set the rate absolutely, so that they cannot be combined with a warm-up.
ABSOLUTE = ("OneCycleLR", "CyclicLR", "CosineAnnealingWarmRestarts")


def configure(task: nn.Module, optimizer: dict[str, Any] | None, scheduler: dict[str, Any] | None) -> Any:
    """The result of Lightning's `configure_optimizers`, from `{class_path, init_args}`.

    With `warm_up` W in the scheduler, its rate is multiplied by min(1, (b + 1) / W) in batch b = 0, 1, ...

    Raises:
        InputError: no optimizer, a name that is not in the catalog, or an argument that it does not take; a scheduler
            with another interval than step and epoch, or a plateau of no metric; a warm-up of fewer than 0 batches, or
            with a scheduler that leaves no room for it.
    """
    if optimizer is None:
        raise InputError("optimizer: expected {class_path: Adam, init_args: {lr: 0.001}}, got none")
    # sorted by sub-module: a sum or a draw over the weights must not depend on the order of the strategies
    named = sorted(task.named_parameters(), key=lambda item: item[0].partition(".")[0])
    made = _make("optimizer", optimizer, [p for _, p in named if p.requires_grad])
    if scheduler is None:
        return made
    if (interval := scheduler.get("interval", "epoch")) not in ("epoch", "step"):
        raise InputError(f"lr_scheduler.interval: expected epoch or step, got {interval}")
    if scheduler["class_path"].endswith("ReduceLROnPlateau") and not scheduler.get("monitor"):
        raise InputError("lr_scheduler.monitor: expected the metric that it watches, for example val/loss, got none")
    config: dict[str, Any] = {key: scheduler[key] for key in ("interval", "frequency", "monitor") if key in scheduler}
    schedules = [config | {"scheduler": _make("lr_scheduler", scheduler, made)}]
    if batches := scheduler.get("warm_up", 0):
        _refuse_warm_up(scheduler["class_path"].rpartition(".")[2], batches)
        rising = LinearLR(made, start_factor=1 / batches, total_iters=batches - 1)
        schedules.append({"interval": "step", "scheduler": rising})
    return [made], schedules


def _refuse_warm_up(name: str, batches: int) -> None:
    if batches < 0:
        raise InputError(f"lr_scheduler.warm_up: expected a number of batches, 0 or more, got {batches}")
    if name in ABSOLUTE:
        instead = "; set its pct_start" if name == "OneCycleLR" else "; use LinearLR, for example"
        message = f"expected 0 with {name}, which sets the rate itself, got {batches}{instead}"
        raise InputError(f"lr_scheduler.warm_up: {message}")


def _make(section: str, spec: dict[str, Any], argument: Any) -> Any:
    found: Any = catalog.find(f"{section}s", spec["class_path"])
    try:
        return found(argument, **(spec.get("init_args") or {}))
    except (TypeError, ValueError) as error:
        raise InputError(f"{section}: {found.__name__}: {error}") from error


@contextmanager
def paced(optimizer: Any, factor: float) -> Iterator[None]:
    """Multiply every learning rate by `factor` within the context."""
    rates = [group["lr"] for group in optimizer.param_groups]
    for group in optimizer.param_groups:
        group["lr"] = group["lr"] * factor
    try:
        yield
    finally:
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate


def refuse_accumulation(task: SequenceTask, windows: int | Literal["several"]) -> None:
    """Raise an InputError where gradients accumulate over batches but a batch takes several optimizer steps."""
    if windows != 1 and (batches := task.trainer.accumulate_grad_batches) != 1:
        owner = task.strategy_of("truncation") or type(task)
        raise InputError(
            f"trainer.accumulate_grad_batches: {owner.__name__} takes {windows} optimizer steps "
            f"within a batch, so expected 1, got {batches}; remove it, or make each window a whole batch"
        )


def refuse_hidden_gradients(optimizer: Any) -> None:
    """Raise an InputError where the loss scaler unscales the gradient only within the optimizer step."""
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        raise InputError(
            "optimizer.init_args.fused: expected false with trainer.precision 16-mixed, where a fused optimizer hides "
            "the true gradient from clipping and from the log; or use bf16-mixed"
        )
