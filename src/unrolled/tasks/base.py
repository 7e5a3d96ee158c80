"""The full training step and its seams, which strategies override.  B batch, T time, H hidden."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor

from unrolled.architectures.dropout_masks import release_dropout_masks, renew_dropout_masks
from unrolled.functional.batch import SequenceBatch, has_target, lengthen, steps_since
from unrolled.functional.generators import generator
from unrolled.functional.gradients import optimized_parameters, total_norm
from unrolled.functional.state import State, carry, restart
from unrolled.functional.windows import Window, spans, with_targets
from unrolled.tasks.arguments import TaskType, refuse_two_owners, seam_owner
from unrolled.tasks.step import distributed, nonfinite, optimizers, resume_state
from unrolled.tasks.step.cursor import Cursor
from unrolled.tasks.step.telemetry import TrainingMetrics

Read = Callable[[Tensor, State], tuple[Tensor, State]]  # inputs, state -> hidden outputs, next state
Penalties = dict[str, Callable[[], Tensor]]  # by the strategy's name
ADDITIVE = {"penalty", "gradient", "constraint"}  # seams that several strategies may share


class SequenceTask(pl.LightningModule, metaclass=TaskType):
    """The training step of a sequence model.  A strategy is a mixin that overrides one seam (part) of this step.

    The initial weights (initialization: `initialize`) are set once: when the task is created, or in `setup` if they
    need the data.  A batch then runs in this order (seam: the method that its strategy overrides):

        on_train_batch_start      memory:     `reset_mask`     steps at which the state of a sequence is reset
                                  memory:     `loss_targets`   the targets that are trained on
                                  truncation: `windows`        where time is cut
        for each window:          optimizer_step runs Lightning's closure once per window
            training_step         `run_window` calls `forward`, fused, for each stretch between resets
                                  memory:     `reset_state`    the state after a reset
                                  truncation: `cross_split`    the gradient that crosses a split of fused calls
                                  feedback:   `unroll`         what the model reads, step by step
                                  penalty:    `penalties`      terms that are added to the loss
            backward              gradient:                    `Stepwise.state_hook` changes the gradients of the state
            gradient:             `accept`                     stop at a nan or an inf, or skip the step
            clipping:             `clip`                       bound the parameters' gradients
            gradient:             `perturb`                    change the clipped gradients
            optimizer step        truncation: `pace`           a factor on the learning rate
            constraint:           `constrain`                  change the weights after the step
            averaging:            `average`                    which weights are evaluated and saved

    A subclass defines its outputs and loss (`predict`, `readout`, `criterion`).  Every argument is a plain Python
    value, so that a checkpoint can be read with weights_only.

    Args:
        optimizer: a torch optimizer by name: {class_path, init_args}.
        lr_scheduler: a torch scheduler by name: {class_path, init_args, interval, frequency, monitor, warm_up}; an
            interval of step is one batch, of epoch one pass over the data; warm_up counts batches.
    """

    seam: ClassVar[str | None] = None  # the one part of the step that a strategy overrides
    steps_within_batch: ClassVar[bool] = False  # whether a batch may take several optimizer steps, whatever its length
    chosen_by: ClassVar[str] = "loss"  # the validation metric whose minimum selects a run's best checkpoint
    batch: SequenceBatch  # padded to the longest of all processes
    reset_rows: Tensor  # (B, T) bool: where `reset_state` changes the state
    reset_steps: set[int]  # the steps at which `reset_rows` is true for any sequence
    window: Window  # the window that is trained on
    accepted: bool  # whether the optimizer step of the window was taken

    def __init__(self, *, optimizer: dict[str, Any] | None = None, lr_scheduler: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=type(self).shared_arguments)
        self.optimizer, self.lr_scheduler, self.seed = optimizer, lr_scheduler, torch.initial_seed()
        self.cursor = Cursor(self)  # the training state and its position in the batch
        self.training_metrics = TrainingMetrics(self)
        self.ages: State = ()  # (B,), time steps since each sequence's reset, if a memory strategy counts them
        self.optimizer_steps = self.length = 0  # steps so far, for every schedule; time steps of the batch
        self.resumed: dict[str, Any] | None = None  # random states from a checkpoint; None after the first batch
        self.plan: list[Window] = []  # the windows of this batch, one optimizer step each

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        refuse_two_owners(cls, ADDITIVE)

    @classmethod
    def strategy_of(cls, seam: str) -> type | None:
        """The strategy among the bases that overrides `seam` (the first, if several share it)."""
        return seam_owner(cls, seam)

    def predict(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """One fused pass over `inputs` (B, T, ...): hidden outputs (B, T, H) and the next state."""
        raise NotImplementedError(f"{type(self).__name__} does not define predict")

    def readout(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The head's outputs for `hidden` (B, T, H), and the entries of `targets` (B, T, ...) to compare them with."""
        raise NotImplementedError(f"{type(self).__name__} does not define readout")

    def criterion(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The summed loss of the outputs and targets from `readout`, and the number of targets in the sum."""
        raise NotImplementedError(f"{type(self).__name__} does not define criterion")

    def measure(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The summed loss of `hidden` (B, T, H) against `targets` (B, T, ...), and the number of targets."""
        return self.criterion(*self.readout(hidden, targets))

    def initial_state(self, batch_size: int) -> State:
        """The state before the first step; batch is the first dimension of every part."""
        raise NotImplementedError(f"{type(self).__name__} has no state")

    def initialize(self) -> None:
        """initialization: set the initial weights; the strategy's constructor calls it.  Default: torch's weights."""

    def reset_mask(self) -> Tensor:
        """memory: (B, T) bool, steps at which the state is reset.  Default: at each start of a batch or sequence."""
        mask = self.batch.resets.clone()
        mask[:, 0] = True
        return mask

    def steps_since_reset(self) -> Tensor:
        """memory: (B, T), time steps since the last reset.  Default: within the batch."""
        return steps_since(self.reset_rows, torch.zeros_like(self.reset_rows[:, 0], dtype=torch.int64))

    def loss_targets(self) -> Tensor:
        """memory: the targets (B, T, ...) that are trained on.  Default: all of the batch."""
        return self.batch.targets

    def reset_state(self, state: State, t: int) -> State:
        """memory: the state before step `t`, reset where `reset_mask` is True.  Default: to the initial state."""
        return restart(state, self.reset_rows[:, t], self.initial_state(len(self.reset_rows)))

    def windows(self, targeted: list[bool]) -> list[Window]:
        """truncation: windows of time; `targeted`: whether any sequence has a target, by step.  Default: one window."""
        return [Window(0, 0, len(targeted), len(targeted))]

    def split_points(self) -> set[int]:
        """truncation: steps at which this window's fused call is split.  Default: none."""
        return set()

    def cross_split(self, state: State, t: int) -> State:
        """truncation: the state that crosses the split before step `t`, where its gradient may be changed."""
        return state

    def pace(self) -> float:
        """truncation: a factor on the learning rate of this window's step."""
        return 1.0

    def share(self, count: Tensor) -> Tensor:
        """truncation: the divisor of a window's summed loss.  Default: its number of targets, a mean over processes."""
        return count

    def unroll(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """feedback: read the inputs, or model outputs in their place.  Default: the inputs, in one fused call."""
        return self.predict(inputs, state)

    def penalties(self, hidden: Tensor) -> Penalties:
        """penalty: terms of the loss for outputs `hidden` (B, T, H), added in alphabetical order of their names."""
        return {}

    def accept(self, optimizer: torch.optim.Optimizer) -> bool:
        """gradient: whether the step is taken.  Default: yes; a nan or an inf stops the run."""
        if self.trainer.precision != "16-mixed" and not torch.isfinite(self.gradient_norm + self.loss):
            raise nonfinite.failure(self)
        return True  # under 16-mixed the loss scaler checks for inf and skips the step

    def clip(self, optimizer: torch.optim.Optimizer, value: float | None, algorithm: str | None) -> None:
        """clipping: bound the parameters' gradients.  Default: by the Trainer's setting."""
        self.clip_gradients(optimizer, value, algorithm)

    def perturb(self, optimizer: torch.optim.Optimizer) -> None:
        """gradient: change the parameters' gradients after clipping.  Default: unchanged."""

    def constrain(self) -> None:
        """constraint: change the weights after a step.  Default: unchanged."""

    def average(self) -> None:
        """averaging: update the weights that are evaluated and saved, after a step.  Default: the trained weights."""

    def on_train_start(self) -> None:
        if self.steps_within_batch:
            optimizers.refuse_accumulation(self, "several")
        distributed.seed_processes(self)

    def on_train_batch_start(self, batch: SequenceBatch, batch_idx: int) -> None:
        if self.resumed:
            resume_state.resume(self, self.resumed)
        renew_dropout_masks(self)
        self.batch = lengthen(batch, distributed.largest(self.trainer, batch.inputs.shape[1]))
        self.reset_rows = self.reset_mask()
        self.batch = self.batch._replace(targets=self.loss_targets())
        self.reset_steps = {*self.reset_rows.any(0).nonzero().flatten().tolist()}
        self.cursor.save(carry(self.cursor.saved, self.initial_state(len(batch.inputs))), 0)
        self.cursor.next_window()
        targeted = distributed.anywhere(self.trainer, has_target(self.batch.targets).any(0))
        self.length, self.targeted = len(targeted), any(targeted)
        self.window = Window(0, 0, self.length, self.length)
        self.plan = with_targets(self.windows(targeted), targeted)
        if not self.targeted and self.trainer.accumulate_grad_batches > 1:
            self.plan = [self.window]  # no target, but the accumulated step of earlier batches may be due
        if self.plan:
            optimizers.refuse_accumulation(self, len(self.plan))
            self.window = self.plan[0]

    def optimizer_step(
        self, epoch: int, batch_idx: int, optimizer: LightningOptimizer | torch.optim.Optimizer, closure: Any = None
    ) -> None:
        if not self.plan:  # no target; Lightning still needs its closure to run
            closure()
        for window in self.plan:
            self.window = window
            with optimizers.paced(optimizer, self.pace()):
                super().optimizer_step(epoch, batch_idx, optimizer, closure)  # training_step, backward, clip, step
            if self.accepted:
                self.constrain()
                self.average()
            self.cursor.next_window()
            self.optimizer_steps += 1
        self.training_metrics.report_batch()

    def on_train_batch_end(self, outputs: Any, batch: SequenceBatch, batch_idx: int) -> None:
        self.cursor.advance_to_end()
        release_dropout_masks(self)

    def on_train_epoch_end(self) -> None:
        self.training_metrics.report_epoch()

    def training_step(self, batch: SequenceBatch, batch_idx: int) -> Tensor | None:
        if not self.plan:
            return distributed.no_loss(self)
        renew_dropout_masks(self)
        hidden, total, count = self.run_window()
        count = distributed.mean(self.trainer, count).to(total.dtype)
        if self.targeted:
            self.on_loss(total / count)
        loss = total / self.share(count)
        for _, penalty in sorted(self.penalties(hidden).items()):
            loss = loss + penalty()
        self.loss = loss.detach()
        return loss

    def run_window(self) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs (B, T, H) of the window's new steps, their summed loss, and the number of targets."""
        start, new, stop, resume = self.window
        state, outputs = self.cursor.advance_to(start), []
        self.cursor.save(state, start)
        for begin, end in spans(start, stop, {resume, *self.reset_steps, *self.split_points()}):
            hidden, state = self(begin, end, state)
            outputs.append(hidden)
            if end == resume:
                self.cursor.save(state, resume)
        hidden = (torch.cat(outputs, 1) if len(outputs) > 1 else outputs[0])[:, new - start :]
        return hidden, *self.measure(hidden, self.batch.targets[:, new:stop])

    def on_loss(self, window_loss: Tensor) -> None:
        """Called with the mean loss of each window, without penalties."""
        self.record("train/loss", window_loss)

    def forward(self, begin: int, end: int, state: State, read: Read | None = None) -> tuple[Tensor, State]:
        """Run `read` (None: `unroll`) on steps `begin` to `end` of the batch; only `begin` may be a reset."""
        if begin in self.split_points():
            state = self.cross_split(state, begin)
        if begin in self.reset_steps:
            state = self.reset_state(state, begin)
        return (read or self.unroll)(self.batch.inputs[:, begin:end], state)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Compute the gradient norm once: for the log, for clipping, and to stop before a nan reaches the weights."""
        if self.trainer.precision == "16-mixed":
            optimizers.refuse_hidden_gradients(optimizer)
        self.gradient_norm = total_norm(optimized_parameters(optimizer))
        self.record("train/grad_norm", self.gradient_norm)
        self.accepted = self.accept(optimizer)

    def configure_gradient_clipping(
        self, optimizer: torch.optim.Optimizer, gradient_clip_val: Any = None, gradient_clip_algorithm: Any = None
    ) -> None:
        if self.accepted:
            self.clip(optimizer, gradient_clip_val, gradient_clip_algorithm)
            self.perturb(optimizer)

    def configure_optimizers(self) -> Any:
        return optimizers.configure(self, self.optimizer, self.lr_scheduler)

    def record(self, name: str, value: Tensor | float) -> None:
        """Record a number of this step; the log gets means, every `log_every_n_steps` batches and each epoch."""
        self.training_metrics.record(name, value)

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """The metrics to log, from the means of the recorded numbers."""
        return means

    def draws(self, purpose: str) -> torch.Generator:
        """A generator seeded by seed, `purpose` and optimizer step: equal on all processes and after a resume."""
        return generator(self.seed, purpose, self.optimizer_steps)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.cursor.advance_to_end()  # callbacks come before on_train_batch_end
        checkpoint["unrolled"] = resume_state.snapshot(self)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        resume_state.restore(self, checkpoint.get("unrolled"))
