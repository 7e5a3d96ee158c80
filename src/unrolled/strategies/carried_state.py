"""memory: a batch starts where the batch before it ended."""

from unrolled.functional.batch import SequenceBatch
from unrolled.functional.state import State, restart
from unrolled.tasks.base import SequenceTask


class CarriedState(SequenceTask):
    """The state of each row flows on from batch to batch; its gradient does not.

    For streams: row r of a batch must continue row r of the batch before.  A row that the data marks as fresh starts
    from the initial state instead.  Source: Mikolov et al. 2010, "Recurrent neural network based language model".
    """

    seam = "memory"

    def recall(self, batch: SequenceBatch) -> State:
        initial = super().recall(batch)
        if not self.after or batch.fresh.all():
            return initial
        return restart(self.after, batch.fresh, initial)
