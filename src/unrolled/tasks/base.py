"""The whole training step, and the seams where strategies enter it."""

from itertools import pairwise
from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor

from unrolled.errors import InputError, RunFailed
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.gradients import parameters, total_norm
from unrolled.functional.state import State, detach, restart
from unrolled.functional.windows import Window
from unrolled.tasks import optimizers, progress
from unrolled.tasks.blame import first_bad_module

ADDITIVE = {"penalty", "gradient", "constraint"}  # seams that several strategies may share


class SequenceTask(pl.LightningModule):
    """Teach an architecture a sequence.  A strategy is a mixin that owns one seam of this step.

    One batch, in the order in which things happen (seam: what its owner overrides):

        on_train_batch_start      truncation: `windows`        where time is cut
                                  memory:     `recall`         the state that the batch starts with
        for each window:          optimizer_step runs Lightning's own closure once per window
            training_step         feedback:   `unroll`         what the model reads, step by step
                                  penalty:    `penalize`       what is added to the loss
            backward
            on_before_optimizer_step                           a nan or an inf stops here
            clipping:             `configure_gradient_clipping`
            optimiser step
            constraint:           `constrain`                  what happens to the weights after it

    A subclass says what its loss is (`predict`, `measure`).  Every argument is a plain builtin, so that a checkpoint
    can be read with weights_only.

    Args:
        optimizer: a torch optimiser by name: {class_path, init_args}.
        lr_scheduler: a torch scheduler by name: {class_path, init_args, interval, frequency, monitor}; an interval of
            step is one batch, of epoch one pass over the data.
    """

    seam: ClassVar[str | None] = None  # the one part of this class that a strategy owns

    def __init__(self, *, optimizer: dict[str, Any] | None = None, lr_scheduler: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.optimizer, self.lr_scheduler = optimizer, lr_scheduler
        self.optimizer_steps = 0  # how many there were: every schedule is a function of it
        self.after: State = ()  # the state behind the last window: training's memory; empty before the first
        self.heard: State = ()  # the same for evaluation, kept apart
        self.records: dict[str, tuple[Tensor, int]] = {}  # sums since the last line of the log
        self.resumed: dict[str, Any] | None = None  # random numbers that a checkpoint holds, until the first batch

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        owners: dict[str, type] = {}
        for base in cls.__mro__:
            seam = vars(base).get("seam")
            if seam and seam not in ADDITIVE and owners.setdefault(seam, base) is not base:
                both = f"{owners[seam].__name__} and {base.__name__}"
                raise InputError(f"{both} both own the seam '{seam}'. Keep one of them.")

    # ---------------------------------------------------------------------------------------------- what a task says

    def predict(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """One fused pass over `inputs` (B, T, ...): hidden outputs (B, T, H) and the state behind them."""
        raise AssertionError(f"{type(self).__name__} does not say how it reads")

    def measure(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The summed loss of `hidden` (B, T, H) against `targets` (B, T), and over how many targets."""
        raise AssertionError(f"{type(self).__name__} does not say what it learns")

    def initial_state(self, batch_size: int) -> State:
        """The state before anything was read; every part has the batch first."""
        raise AssertionError(f"{type(self).__name__} has no state")

    # ----------------------------------------------------------------------------------------------------- the seams

    def windows(self, length: int) -> list[Window]:
        """truncation: how a batch of `length` time steps is cut.  Here: not at all."""
        return [Window(0, 0, length, length)]

    def recall(self, batch: SequenceBatch) -> State:
        """memory: the state that this batch starts with.  Here: none of the batch before."""
        return self.initial_state(len(batch.inputs))

    def unroll(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """feedback: what is read at each step.  Here: the truth, in one fused call."""
        return self.predict(inputs, state)

    def penalize(self, loss: Tensor, hidden: Tensor) -> Tensor:
        """penalty: what is added to the loss of the outputs `hidden` (B, T, H).  Here: nothing."""
        return loss

    def constrain(self) -> None:
        """constraint: what happens to the weights after a step.  Here: nothing."""

    # ------------------------------------------------------------------------------------------------------ the step

    def on_train_start(self) -> None:
        progress.begin(self)

    def on_train_batch_start(self, batch: SequenceBatch, batch_idx: int) -> None:
        progress.resume(self)
        self.batch = batch
        self.plan = self.windows(batch.inputs.shape[1])
        self.window = self.plan[0]
        self.state = self.recall(batch)

    def optimizer_step(
        self, epoch: int, batch_idx: int, optimizer: LightningOptimizer | torch.optim.Optimizer, closure: Any = None
    ) -> None:
        for window in self.plan:
            self.window = window
            super().optimizer_step(epoch, batch_idx, optimizer, closure)  # training_step, backward, clipping, step
            self.constrain()
            self.state = self.after
            self.optimizer_steps += 1
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if every and (self.trainer.global_step + 1) % every == 0:
            self._report()

    def on_train_epoch_end(self) -> None:
        if self.records:
            self._report()

    def training_step(self, batch: SequenceBatch, batch_idx: int) -> Tensor:
        hidden, total, count = self.run_window(batch)
        loss = total / self._share(count).to(total.dtype)
        self.record("train/loss", loss)
        self.loss = self.penalize(loss, hidden)
        return self.loss

    def run_window(self, batch: SequenceBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs (B, T, H) of the window's new steps, their summed loss, and over how many targets."""
        start, new, stop, resume = self.window
        state, outputs = self.state, []
        self.after = detach(state)
        for begin, end in pairwise(sorted({start, resume, stop})):  # two fused calls where windows overlap, else one
            hidden, state = self.unroll(batch.inputs[:, begin:end], state)
            outputs.append(hidden)
            if end == resume:
                self.after = detach(state)
        hidden = (torch.cat(outputs, 1) if len(outputs) > 1 else outputs[0])[:, new - start :]
        return hidden, *self.measure(hidden, batch.targets[:, new:stop])

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Measure the gradient once, for the log, for clipping, and to stop before a nan reaches the weights."""
        self.gradient_norm = total_norm(parameters(optimizer))
        self.record("train/grad_norm", self.gradient_norm)
        if self.trainer.precision == "16-mixed":
            if getattr(optimizer, "_step_supports_amp_scaling", False):  # unscaled only within its own step
                raise InputError(
                    "optimizer.init_args.fused: expected false with trainer.precision 16-mixed, where a fused "
                    "optimiser hides the true gradient from clipping and from the log; or use bf16-mixed"
                )
            return  # the loss scaler looks for inf itself, and skips the step
        if not torch.isfinite(self.gradient_norm + self.loss.detach()):
            raise RunFailed(
                f"optimiser step {self.optimizer_steps + 1}: the loss is {float(self.loss.detach()):g} and the "
                f"gradient's norm {float(self.gradient_norm):g}; {first_bad_module(self, self.batch)}. The weights are "
                "as before this step: lower the learning rate, or clip the gradient"
            )

    def _share(self, count: Tensor) -> Tensor:
        """What a loss is divided by: this process's targets, or with several processes their mean, so that every
        target weighs the same whichever process holds it."""
        if self.trainer.world_size == 1:
            return count.clamp(min=1)
        return self.trainer.strategy.reduce(count.double(), reduce_op="mean").clamp(min=1 / self.trainer.world_size)

    def configure_optimizers(self) -> Any:
        return optimizers.configure(self, self.optimizer, self.lr_scheduler)

    # ------------------------------------------------------------------------------------------------ the evaluation

    def listen(self, batch: SequenceBatch) -> tuple[Tensor, Tensor]:
        """The summed loss of an evaluation batch, and over how many targets; the state flows on from batch to batch."""
        state = self.initial_state(len(batch.inputs))
        if self.heard and not batch.fresh.all():
            state = restart(self.heard, batch.fresh, state)
        hidden, self.heard = self.unroll(batch.inputs, state)
        return self.measure(hidden, batch.targets)

    # ------------------------------------------------------------------------------------------------------- the log

    def record(self, name: str, value: Tensor) -> None:
        """Remember a number of this step; its mean goes to the log every `log_every_n_steps` batches, and each epoch.

        A call of `log` each step would cost more than a small network.
        """
        total, count = self.records.get(name, (0.0, 0))
        self.records[name] = (total + value.detach(), count + 1)

    def clock(self) -> dict[str, float]:
        """When it is: Lightning takes the x-axis of its loggers from `step`, and would else count batches."""
        return {"step": float(self.optimizer_steps), "epoch": float(self.current_epoch)}

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """What the log says of the means of the records."""
        return means

    def _report(self) -> None:
        reduce = self.trainer.strategy.reduce  # the mean over the processes
        means = {name: reduce(total / count, reduce_op="mean") for name, (total, count) in self.records.items()}
        means, self.records = self.summarize(means), {}
        for logger in self.loggers:  # now: Lightning would write it only after a checkpoint of this step was saved
            logger.log_metrics({**{n: float(v) for n, v in means.items()}, **self.clock()}, self.optimizer_steps)
        self.log("train/loss", means.pop("train/loss"), prog_bar=True, logger=False)
        self.log_dict({**means, **self.clock()}, logger=False)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["unrolled"] = progress.snapshot(self)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if "unrolled" in checkpoint:  # else weights alone
            progress.restore(self, checkpoint["unrolled"])
