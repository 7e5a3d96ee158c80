"""What every task around one architecture shares: how it reads, and how it is evaluated.  B batch, T time, H hidden."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.config import catalog
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.state import State, carry, restart
from unrolled.functional.windows import spans
from unrolled.tasks.base import SequenceTask
from unrolled.tasks.class_arguments import instance_of
from unrolled.tasks.step.mean_loss import MeanLoss


class EvaluatedTask(SequenceTask):
    """An architecture between inputs and a loss, and the mean loss over each whole split.

    A task builds its architecture by `build`, and says how inputs become features (`embed`), what the loss is
    (`measure`) and what it is called (`metric`).

    Args:
        architecture: {class_path, init_args} of an architecture.
        dropout: probability that a feature of the last layer's output, or of an embedding, is zeroed in training.

    Raises:
        InputError: a dropout outside [0, 1); a strategy that was made for another task.
    """

    metric: ClassVar[str]  # the loss by the name of its unit, in the log and beside baselines
    architecture: Any  # of `unrolled.architectures`

    def __init__(self, *, architecture: dict[str, Any], dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= dropout < 1:
            raise InputError(f"task: expected dropout in [0, 1), got {dropout}")
        self.dropout = dropout
        self.heard: State = ()  # evaluation's memory, apart from training's
        self.losses = nn.ModuleDict({stage: MeanLoss() for stage in ("val", "test")})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        families = [base for base in cls.__mro__ if EvaluatedTask in base.__bases__ and not vars(base).get("seam")]
        measuring = [base for base in cls.__mro__ if issubclass(base, families[0]) and "measure" in vars(base)]
        tasks = [base for base in measuring if not any(base in other.__mro__[1:] for other in measuring)]
        owner = next((base for base in cls.__mro__ if families[0] in base.__mro__ and vars(base).get("seam")), None)
        if len(families) > 1 and owner:
            fitting = [n for n in catalog.names("tasks") if issubclass(catalog.find("tasks", n), families[0])]
            task = next(base for base in cls.__mro__ if issubclass(base, families[1]) and "measure" in vars(base))
            made_for = " or ".join(fitting or [families[0].__name__])
            raise InputError(f"{owner.__name__} is a strategy for {made_for}, not for {task.__name__}. Leave it out.")
        if len(families) > 1 or len(tasks) > 1:
            both = " and ".join(base.__name__ for base in cls.__bases__)
            raise InputError(f"expected one task, got {both}. Keep one of them.")

    @property
    def unit(self) -> str:
        """What one target is, in words."""
        return "step"

    # ------------------------------------------------------------------------------------------------ how it reads

    def build(self, architecture: dict[str, Any], input_size: int) -> Any:
        """The architecture for `input_size` features.

        Raises:
            InputError: a bidirectional one that the task cannot use.
        """
        cell: Any = catalog.find("architectures", architecture["class_path"])
        built: Any = instance_of(input_size) or cell(input_size=input_size, **(architecture.get("init_args") or {}))
        self.check_directions(built.directions)
        return built

    def check_directions(self, directions: int) -> None:
        """Refuse two directions, where a task cannot use them.  Here: always."""
        if directions > 1:
            raise InputError(
                "architecture: expected one direction, got bidirectional: true; a window of time cannot read the steps "
                "behind its border, nor a language model those that it is to predict"
            )

    def embed(self, inputs: Tensor) -> Tensor:
        """Features (B, T, F) of the inputs (B, T) or (B, T, F)."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it reads")

    def initial_state(self, batch_size: int) -> State:
        state: State = self.architecture.initial_state(batch_size)
        return state

    def predict(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, state = self.architecture(self.embed(inputs), state)
        return self.thin(hidden), state

    def thin(self, features: Tensor) -> Tensor:
        return F.dropout(features, self.dropout, self.training)

    # ------------------------------------------------------------------------------------------- how it is evaluated

    def validation_step(self, batch: SequenceBatch, batch_idx: int) -> None:
        self.evaluate("val", batch)

    def test_step(self, batch: SequenceBatch, batch_idx: int) -> None:
        self.evaluate("test", batch)

    def on_validation_epoch_start(self) -> None:
        self.heard = ()

    def on_test_epoch_start(self) -> None:
        self.heard = ()

    def evaluate(self, stage: str, batch: SequenceBatch) -> None:
        """Add one batch of the split that is evaluated as `stage`, val or test."""
        self._loss(stage).update(*self.listen(batch))

    def listen(self, batch: SequenceBatch) -> tuple[Tensor, Tensor]:
        """The summed loss of an evaluation batch, and over how many targets; the state flows on from batch to batch."""
        initial = self.initial_state(len(batch.inputs))
        state, outputs = carry(self.heard, initial), []
        borders = batch.fresh.any(0).nonzero().flatten().tolist()
        for begin, end in spans(0, batch.inputs.shape[1], borders):
            if begin in borders:
                state = restart(state, batch.fresh[:, begin], initial)
            hidden, state = self.unroll(batch.inputs[:, begin:end], state)
            outputs.append(hidden)
        self.heard = state
        return self.measure(torch.cat(outputs, 1), batch.targets)

    def on_validation_epoch_end(self) -> None:
        self._conclude("val")

    def on_test_epoch_end(self) -> None:
        self._conclude("test")

    def conclude(self, stage: str) -> dict[str, Tensor]:
        """What was measured over the whole split, by name, and start anew."""
        loss = self._loss(stage).compute()
        self._loss(stage).reset()
        return self.summarize({f"{stage}/loss": loss})

    def _conclude(self, stage: str) -> None:
        for name, value in self.conclude(stage).items():  # the same on every process already; sync_dist only says so
            self.log(name, value, prog_bar=name == f"{stage}/loss", sync_dist=True)
        self.log_dict(self.clock(), sync_dist=True)

    def _loss(self, stage: str) -> MeanLoss:
        metric = self.losses[stage]
        assert isinstance(metric, MeanLoss)
        return metric

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """Beside each loss the same by the name of its unit."""
        losses = {name: loss for name, loss in means.items() if name.endswith("/loss")}
        return means | {name.replace("/loss", f"/{self.metric}"): loss for name, loss in losses.items()}

    def baselines(self, data: Any, split: str) -> dict[str, Any]:
        """What is reached without a network on a split of `data`: `baselines` by name, and their `baseline_metric`."""
        return {"baseline_metric": getattr(data, "baseline_metric", self.metric), "baselines": data.baselines(split)}

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """What else was found on a split of `data`, by name, for its results.  Here: nothing."""
        return {}
