"""The base of tasks with one architecture: features, evaluation, baselines.  B batch, T time, H hidden."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.config import catalog
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.state import State, carry, restart
from unrolled.functional.windows import spans
from unrolled.tasks.arguments import instance_of
from unrolled.tasks.base import SequenceTask
from unrolled.tasks.data_contract import HasBaselineMetric, SpansBatches
from unrolled.tasks.step.telemetry import MeanLoss


class EvaluatedTask(SequenceTask):
    """An architecture between inputs and a loss, and the mean loss over each split.

    A task builds its architecture by `build` and its output layer as `head`.  It defines the features of the inputs
    (`embed`), the loss (`criterion`) and its name (`metric`), and where needed the metrics of a batch (`score`).

    Args:
        architecture: {class_path, init_args} of an architecture.
        dropout: probability that a feature of the last layer's output, or of an embedding, is zeroed in training.

    Raises:
        InputError: a dropout outside [0, 1); a feedback strategy for another kind of task.
    """

    metric: ClassVar[str]  # the name of the loss in its unit, in the log and next to baselines
    accepts: ClassVar[tuple[type, ...]]  # the tasks that the feedback strategy of this class supports
    architecture: Any  # of `unrolled.architectures`
    head: Any  # module: from hidden outputs (..., H) to the outputs of the task

    def __init__(self, *, architecture: dict[str, Any], dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= dropout < 1:
            raise InputError(f"task: expected dropout in [0, 1), got {dropout}")
        self.dropout = dropout
        self.eval_state: State = ()  # the state of an evaluation, separate from training's
        self.losses = nn.ModuleDict({stage: MeanLoss() for stage in ("val", "test")})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        tasks = [base for base in cls.__mro__ if issubclass(base, EvaluatedTask) and "criterion" in vars(base)]
        if not all(issubclass(tasks[0], task) for task in tasks):
            both = " and ".join(base.__name__ for base in cls.__bases__)
            raise InputError(f"expected one task, got {both}. Keep one of them.")
        strategy = cls.strategy_of("feedback")
        if tasks and strategy and not issubclass(tasks[0], cls.accepts):
            known = [name for name in catalog.names("tasks") if issubclass(catalog.find("tasks", name), cls.accepts)]
            fits = f"{strategy.__name__} is a strategy for {' or '.join(known)}"
            raise InputError(f"{fits}, not for {tasks[0].__name__}. Remove it.")

    @property
    def unit(self) -> str:
        """The name of one target."""
        return "step"

    def build(self, architecture: dict[str, Any], input_size: int) -> Any:
        """The architecture for `input_size` features.

        Raises:
            InputError: a bidirectional architecture that the task cannot use.
        """
        cell: Any = catalog.find("architectures", architecture["class_path"])
        built: Any = instance_of(input_size) or cell(input_size=input_size, **(architecture.get("init_args") or {}))
        self.check_directions(built.directions)
        return built

    def check_directions(self, directions: int) -> None:
        """Refuse a bidirectional architecture if the task cannot use it.  Default: always."""
        if directions > 1:
            raise InputError(
                "architecture: expected one direction, got bidirectional: true; a window cannot read steps after its "
                "end, and a language model must not read the tokens that it predicts"
            )

    def embed(self, inputs: Tensor) -> Tensor:
        """Features (B, T, F) of the inputs (B, T) or (B, T, F)."""
        raise NotImplementedError(f"{type(self).__name__} does not define embed")

    def initial_state(self, batch_size: int) -> State:
        state: State = self.architecture.initial_state(batch_size)
        return state

    def predict(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, state = self.architecture(self.embed(inputs), state)
        return self.apply_dropout(hidden), state

    def readout(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return self.head(hidden), targets

    def apply_dropout(self, features: Tensor) -> Tensor:
        return F.dropout(features, self.dropout, self.training)

    def validation_step(self, batch: SequenceBatch, batch_idx: int) -> None:
        self.evaluate("val", batch)

    def test_step(self, batch: SequenceBatch, batch_idx: int) -> None:
        self.evaluate("test", batch)

    def on_validation_epoch_start(self) -> None:
        self.eval_state = ()

    def on_test_epoch_start(self) -> None:
        self.eval_state = ()

    def evaluate(self, stage: str, batch: SequenceBatch) -> None:
        """Add one batch of the split that is evaluated as `stage`, val or test."""
        outputs, targets = self.readout(self.forward_eval(batch), batch.targets)
        self._loss(stage).update(*self.criterion(outputs, targets))
        self.score(stage, outputs, targets, batch)

    def score(self, stage: str, outputs: Tensor, targets: Tensor, batch: Any) -> None:
        """Update the task's metrics with a batch, and the outputs and targets of its `readout`.  Default: none."""

    def forward_eval(self, batch: SequenceBatch) -> Tensor:
        """Hidden outputs (B, T, H) of an evaluation batch; the state is carried from batch to batch."""
        initial = self.initial_state(len(batch.inputs))
        state, outputs = carry(self.eval_state, initial), []
        reset_steps = batch.resets.any(0).nonzero().flatten().tolist()
        for begin, end in spans(0, batch.inputs.shape[1], reset_steps):
            if begin in reset_steps:
                state = restart(state, batch.resets[:, begin], initial)
            hidden, state = self.unroll(batch.inputs[:, begin:end], state)
            outputs.append(hidden)
        self.eval_state = state
        return torch.cat(outputs, 1)

    def on_validation_epoch_end(self) -> None:
        self._conclude("val")

    def on_test_epoch_end(self) -> None:
        self._conclude("test")

    def conclude(self, stage: str) -> dict[str, Tensor]:
        """The metrics of the split by name; resets them."""
        loss = self._loss(stage).compute()
        self._loss(stage).reset()
        return self.summarize({f"{stage}/loss": loss})

    def _conclude(self, stage: str) -> None:
        for name, value in self.conclude(stage).items():  # equal on every process; sync_dist avoids a warning
            self.log(name, value, prog_bar=name == f"{stage}/loss", sync_dist=True)
        self.log_dict(self.training_metrics.clock(), sync_dist=True)

    def _loss(self, stage: str) -> MeanLoss:
        metric = self.losses[stage]
        assert isinstance(metric, MeanLoss)
        return metric

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """Add each loss under the name of its unit."""
        losses = {name: loss for name, loss in means.items() if name.endswith("/loss")}
        return means | {name.replace("/loss", f"/{self.metric}"): loss for name, loss in losses.items()}

    def baselines(self, data: Any, split: str) -> dict[str, Any]:
        """Results without a network on a split of `data`: `baselines` by name, and their `baseline_metric`."""
        metric = (data.baseline_metric if isinstance(data, HasBaselineMetric) else None) or self.metric
        return {"baseline_metric": metric, "baselines": data.baselines(split)}

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """Further results on a split of `data`, by name, for results.json.  Default: none."""
        return {}


def carries(task: EvaluatedTask) -> bool:
    """Whether a strategy carries the state from batch to batch."""
    return task.strategy_of("memory") is not None


def sequences_span_batches(task: EvaluatedTask) -> bool:
    """Whether a training sequence may continue in the next batch."""
    loader = task.trainer.train_dataloader
    return isinstance(loader, SpansBatches) and loader.spans_batches
