"""The whole training step, and the seams where strategies enter it.  B batch, T time, H hidden."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor

from unrolled.architectures.dropout_masks import release, renew
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch, counted, lengthen
from unrolled.functional.generators import generator
from unrolled.functional.gradients import parameters, total_norm
from unrolled.functional.padding import since
from unrolled.functional.state import State, carry, detach, restart
from unrolled.functional.windows import Window, spans, taught
from unrolled.tasks.arguments import TaskType, WithArguments, with_arguments
from unrolled.tasks.step import distributed as processes
from unrolled.tasks.step import nonfinite as blame
from unrolled.tasks.step import optimizers
from unrolled.tasks.step import resume_state as progress
from unrolled.tasks.step.telemetry import Telemetry

Penalties = dict[str, Callable[[], Tensor]]  # by the strategy's name
ADDITIVE = {"penalty", "gradient", "constraint"}  # seams that several strategies may share


class SequenceTask(Telemetry, metaclass=TaskType):
    """Teach an architecture a sequence.  A strategy is a mixin that owns one seam of this step.

    The first weights (initialization: `initialize`) are set once, when a task is made, or in `setup`, where they need
    the data.  Then one batch, in the order in which things happen (seam: what its owner overrides):

        on_train_batch_start      memory:     `recall`         where a row's state is looked at
                                  truncation: `windows`        where time is cut
        for each window:          optimizer_step runs Lightning's own closure once per window
            training_step         `run_window` reads its steps in fused calls, `forward`, from border to border
                                  memory:     `enter`          the state that a row goes on from
                                  truncation: `pass_on`        the gradient that crosses a joint of fused calls
                                  feedback:   `unroll`         what the model reads, step by step
                                  penalty:    `penalties`      what is added to the loss
            backward              gradient:                    what flows back through a state meets `Stepwise.through`
            gradient:             `accept`                     a nan or an inf stops here, or the step is skipped
            clipping:             `clip`                       what bounds the parameters' gradients
            gradient:             `perturb`                    what is added to the clipped gradients
            optimiser step        truncation: `pace`           how far it goes
            constraint:           `constrain`                  what happens to the weights after it
            averaging:            `average`                    which weights are evaluated and saved

    A subclass says what its loss is (`predict`, `measure`).  Every argument is a plain builtin, so that a checkpoint
    can be read with weights_only.

    Args:
        optimizer: a torch optimiser by name: {class_path, init_args}.
        lr_scheduler: a torch scheduler by name: {class_path, init_args, interval, frequency, monitor, warm_up}; an
            interval of step is one batch, of epoch one pass over the data; warm_up counts batches.
    """

    seam: ClassVar[str | None] = None  # the one part of this class that a strategy owns
    steps_within_batch: ClassVar[bool] = False  # whether a batch may take several optimiser steps, whatever its length
    given_arguments: ClassVar[Mapping[str, Mapping[str, Any]]] = {}  # by owner, from `with_`
    shared_arguments: ClassVar[tuple[str, ...]] = ()  # names of arguments with two owners
    chosen_by: ClassVar[str] = "loss"  # the figure of the validation that is lowest at a run's best checkpoint
    batch: SequenceBatch  # this one, as long as the longest of all processes
    recalled: Tensor  # (B, T) bool: where `enter` looks at a row's state
    borders: set[int]  # the steps of the batch at which it looks at any row's
    window: Window  # the one that is trained on
    state: State  # what its reading goes on from, in front of step `position`
    position: int
    accepted: bool  # whether its step was taken

    def __init__(self, *, optimizer: dict[str, Any] | None = None, lr_scheduler: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=self.shared_arguments)
        self.optimizer, self.lr_scheduler = optimizer, lr_scheduler
        self.seed = torch.initial_seed()
        self.after: State = ()  # the state behind what was read: training's memory; empty before the first batch
        self.ages: State = ()  # (B,), time steps that each row had read by then, where a memory strategy counts them
        self.length = self.after_step = 0  # time steps of the batch, and where in it `after` stands
        self.resumed: dict[str, Any] | None = None  # random numbers that a checkpoint holds, until the first batch
        self.plan: list[Window] = []  # the windows of this batch, one optimiser step each

    @classmethod
    def with_(cls, **arguments: Any) -> WithArguments:
        """This task or strategy with arguments, for `compose`: `ClipNorm.with_(max_norm=1.0)`.

        Raises:
            UnknownArgument: the class does not take one of them.
        """
        return with_arguments(cls, arguments)

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
        raise NotImplementedError(f"{type(self).__name__} does not say how it reads")

    def measure(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The summed loss of `hidden` (B, T, H) against `targets` (B, T, ...), and over how many targets."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it learns")

    def initial_state(self, batch_size: int) -> State:
        """The state before anything was read; every part has the batch first."""
        raise NotImplementedError(f"{type(self).__name__} has no state")

    # ----------------------------------------------------------------------------------------------------- the seams

    def initialize(self) -> None:
        """initialization: set the first weights; its owner calls it once, when made.  Here: as torch does."""

    def recall(self) -> Tensor:
        """memory: (B, T), where `enter` looks at a row's state.  Here: at a batch's start, and a sequence's."""
        fresh = self.batch.fresh.clone()
        fresh[:, 0] = True
        return fresh

    def age(self) -> Tensor:
        """memory: (B, T), time steps that a row has read since it started anew.  Here: within the batch."""
        return since(self.recalled, torch.zeros_like(self.recalled[:, 0], dtype=torch.int64))

    def enter(self, state: State, t: int) -> State:
        """memory: the state that step `t` goes on from, where `recall` says.  Here: the initial one."""
        return restart(state, self.recalled[:, t], self.initial_state(len(self.recalled)))

    def windows(self, targeted: list[bool]) -> list[Window]:
        """truncation: how time is cut; `targeted` tells the steps at which a row has a target.  Here: not at all."""
        length = len(targeted)
        return [Window(0, 0, length, length)]

    def joints(self) -> set[int]:
        """truncation: steps at which this window's fused call is split.  Here: none."""
        return set()

    def pass_on(self, state: State, t: int) -> State:
        """truncation: the state that crosses the joint in front of step `t`, where its gradient may be changed."""
        return state

    def pace(self) -> float:
        """truncation: a factor on the learning rate of this window's step."""
        return 1.0

    def share(self, count: Tensor) -> Tensor:
        """truncation: what a window's summed loss is divided by.  Here: its targets, as a mean over the processes."""
        return count

    def unroll(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """feedback: what is read at each step.  Here: the truth, in one fused call."""
        return self.predict(inputs, state)

    def penalties(self, hidden: Tensor) -> Penalties:
        """penalty: what is added to the loss of the outputs `hidden` (B, T, H), by its owner's name.  Here: nothing.

        They are computed and added in the order of the names, so that no order of the strategies changes a bit.
        """
        return {}

    def accept(self, optimizer: torch.optim.Optimizer) -> bool:
        """gradient: whether the step is taken.  Here: yes, and a nan or an inf stops the run."""
        if self.trainer.precision != "16-mixed" and not torch.isfinite(self.gradient_norm + self.loss):
            raise blame.failure(self)
        return True  # under 16-mixed the loss scaler looks for inf itself, and skips the step

    def clip(self, optimizer: torch.optim.Optimizer, value: float | None, algorithm: str | None) -> None:
        """clipping: bound the parameters' gradients.  Here: as the Trainer was told."""
        self.clip_gradients(optimizer, value, algorithm)

    def perturb(self, optimizer: torch.optim.Optimizer) -> None:
        """gradient: change the parameters' gradients behind the clipping.  Here: not at all."""

    def constrain(self) -> None:
        """constraint: what happens to the weights after a step.  Here: nothing."""

    def average(self) -> None:
        """averaging: how the weights after a step enter those that are evaluated and saved.  Here: they are those."""

    # ------------------------------------------------------------------------------------------------------ the step

    def on_train_start(self) -> None:
        if self.steps_within_batch:
            optimizers.refuse_accumulation(self, "several")
        progress.begin(self)

    def on_train_batch_start(self, batch: SequenceBatch, batch_idx: int) -> None:
        progress.resume(self)
        renew(self)
        self.batch = lengthen(batch, processes.largest(self.trainer, batch.inputs.shape[1]))
        self.recalled = self.recall()
        self.borders = {*self.recalled.any(0).nonzero().flatten().tolist()}
        self.leave(carry(self.after, self.initial_state(len(batch.inputs))), 0)
        self.state, self.position = self.after, 0
        targeted = processes.anywhere(self.trainer, counted(self.batch.targets).any(0))
        self.length = len(targeted)
        self.window = Window(0, 0, self.length, self.length)
        self.plan = taught(self.windows(targeted), targeted)
        self.targeted = any(targeted)
        if not self.targeted and self.trainer.accumulate_grad_batches > 1:
            self.plan = [self.window]  # nothing to learn here, but the step of the batches before may be due
        if self.plan:
            optimizers.refuse_accumulation(self, len(self.plan))
            self.window = self.plan[0]

    def optimizer_step(
        self, epoch: int, batch_idx: int, optimizer: LightningOptimizer | torch.optim.Optimizer, closure: Any = None
    ) -> None:
        if not self.plan:  # nothing to learn here; Lightning wants its closure run, where training_step says so too
            closure()
        for window in self.plan:
            self.window = window
            with optimizers.paced(optimizer, self.pace()):
                super().optimizer_step(epoch, batch_idx, optimizer, closure)  # training_step, backward, clip, step
            if self.accepted:
                self.constrain()
                self.average()
            self.state, self.position = self.after, self.after_step
            self.optimizer_steps += 1
        self.report_batch()

    def on_train_batch_end(self, outputs: Any, batch: SequenceBatch, batch_idx: int) -> None:
        self.finish()
        release(self)

    def training_step(self, batch: SequenceBatch, batch_idx: int) -> Tensor | None:
        if not self.plan:
            return processes.no_loss(self)
        renew(self)
        hidden, total, count = self.run_window()
        count = processes.mean(self.trainer, count).to(total.dtype)
        if self.targeted:
            self.record("train/loss", total / count)
        loss = total / self.share(count)
        for _, penalty in sorted(self.penalties(hidden).items()):
            loss = loss + penalty()
        self.loss = loss.detach()
        return loss

    def run_window(self) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs (B, T, H) of the window's new steps, their summed loss, and over how many targets."""
        start, new, stop, resume = self.window
        state, outputs = self.reach(start), []
        self.leave(state, start)
        for begin, end in spans(start, stop, {resume, *self.borders, *self.joints()}):
            hidden, state = self(begin, end, state)
            outputs.append(hidden)
            if end == resume:
                self.leave(state, resume)
        hidden = (torch.cat(outputs, 1) if len(outputs) > 1 else outputs[0])[:, new - start :]
        return hidden, *self.measure(hidden, self.batch.targets[:, new:stop])

    def leave(self, state: State, step: int) -> None:
        """Remember the state in front of `step`, for the next window or batch to go on from."""
        self.after, self.after_step = detach(state), step

    def reach(self, step: int) -> State:
        """The state in front of `step`, read without a graph from where it stands, in the Trainer's precision."""
        state = self.state
        with torch.no_grad(), self.trainer.precision_plugin.forward_context():
            for begin, end in spans(self.position, step, self.borders):
                _, state = self(begin, end, state)
        return state

    def finish(self) -> None:
        """Read what stands behind the last window, for the next batch to go on from."""
        if self.after_step < self.length:
            self.state, self.position = self.after, self.after_step
            self.leave(self.reach(self.length), self.length)

    def forward(self, begin: int, end: int, state: State) -> tuple[Tensor, State]:
        """Read steps `begin` to `end` of the batch, a stretch without a border inside."""
        if begin in self.joints():
            state = self.pass_on(state, begin)
        if begin in self.borders:
            state = self.enter(state, begin)
        return self.unroll(self.batch.inputs[:, begin:end], state)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Measure the gradient once, for the log, for clipping, and to stop before a nan reaches the weights."""
        if self.trainer.precision == "16-mixed":
            optimizers.refuse_hidden_gradients(optimizer)
        self.gradient_norm = total_norm(parameters(optimizer))
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

    def draws(self, purpose: str) -> torch.Generator:
        """Random numbers that are the same on every process and after a resume: a function of seed, purpose, step."""
        return generator(self.seed, purpose, self.optimizer_steps)

    # ------------------------------------------------------------------------------------------------ the checkpoint

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.finish()  # callbacks come before on_train_batch_end
        checkpoint["unrolled"] = progress.snapshot(self)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if "unrolled" in checkpoint:  # else weights alone
            progress.restore(self, checkpoint["unrolled"])
