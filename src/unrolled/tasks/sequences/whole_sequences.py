"""Bidirectional architectures, for batches of full sequences.  B batch, T time."""

from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch, row_lengths
from unrolled.functional.state import State
from unrolled.tasks.evaluated import EvaluatedTask, carries, sequences_span_batches

WHOLE = (
    "architecture: bidirectional: true needs full sequences, but a row of this batch continues in another batch, or "
    "holds several; use one direction, or data.init_args.over_long: truncate"
)
CARRIED = (
    "strategies: expected the strategy CarriedState, since rows of this batch continue those of the one before; add "
    "it, or set data.init_args.over_long: truncate"
)


class WholeRows(EvaluatedTask):
    """Let a bidirectional architecture read each row as one sequence, from its first step to its last target.

    The architecture receives each row's length, so that padding has no effect.  With one direction this class changes
    nothing: an output depends on no later step.

    Raises:
        InputError: a bidirectional architecture with a strategy of truncation or memory, or with rows that hold
            several sequences or continue one of the batch before; rows that continue without a strategy of memory.
    """

    lengths: Tensor | None = None  # (B,), of the rows of this batch, with two directions

    def check_directions(self, directions: int) -> None:
        cuts = self.strategy_of("truncation") or self.strategy_of("memory")
        if directions > 1 and cuts:
            raise InputError(
                f"architecture: bidirectional: true needs full sequences, but {cuts.__name__} splits them; remove one "
                "of the two"
            )

    def predict(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        if self.lengths is None:
            return super().predict(inputs, state)
        hidden, state = self.architecture(self.embed(inputs), state, self.lengths)
        return self.apply_dropout(hidden), state

    def on_train_start(self) -> None:
        super().on_train_start()
        if sequences_span_batches(self):  # refused before the first step, not in some batch
            if self.architecture.directions > 1:
                raise InputError(WHOLE)
            self.require_memory()

    def require_memory(self) -> None:
        """Require CarriedState when sequences span batches."""
        if not carries(self):
            raise InputError(CARRIED)

    def on_train_batch_start(self, batch: SequenceBatch, batch_idx: int) -> None:
        self.measure_rows(batch)
        super().on_train_batch_start(batch, batch_idx)

    def evaluate(self, stage: str, batch: SequenceBatch) -> None:
        self.measure_rows(batch)
        super().evaluate(stage, batch)

    def measure_rows(self, batch: SequenceBatch) -> None:
        """Set the lengths of a batch's rows, with two directions."""
        self.lengths = None
        if self.architecture.directions > 1:
            if not batch.resets[:, 0].all() or batch.resets[:, 1:].any():
                raise InputError(WHOLE)
            self.lengths = row_lengths(batch.targets)
