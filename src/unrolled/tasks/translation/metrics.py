"""Translation metrics: free-running and teacher-forced outputs compared with the truth.

B sentences, T target steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from unrolled.functional.translation import bleu, character_error_rate, chrf, up_to_end
from unrolled.tasks.data_contract import HasTexts, WritesText, data_module

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask

Write = Callable[[list[int]], str]  # ids of a sentence -> its text
NOWHERE = -1  # the index of a pair that is in no data set
KINDS = ("free", "forced", "truth")


class Translations(Metric):
    """Scores over the sentences of all processes; outputs are free-running and greedy unless noted.

    bleu, chrf              of sacrebleu, 0 to 100; settings in `signatures`
    exact_match             share of the sentences that equal the truth
    character_error_rate    edits per character of the truth
    teacher_forced_bleu     of the most likely id at each step, reading the truth
    exposure_gap            teacher_forced_bleu - bleu
    """

    full_state_update = False
    places: list[Tensor]  # (B,) each

    def __init__(self) -> None:
        super().__init__()
        self.signatures: dict[str, str] = {}
        for kind in KINDS:
            self.add_state(f"{kind}_ids", [], dist_reduce_fx="cat")  # of all sentences, concatenated
            self.add_state(f"{kind}_lengths", [], dist_reduce_fx="cat")
        self.add_state("places", [], dist_reduce_fx="cat")

    def update(self, free: Tensor, forced: Tensor, truth: Tensor, places: Tensor | None = None) -> None:
        """Ids (B, at most T) each, cut at each row's first END; `places` (B,) are the indices of the pairs."""
        self.places.append(truth.new_full(truth.shape[:1], NOWHERE) if places is None else places)
        for kind, ids in zip(KINDS, (free, forced, truth), strict=True):
            rows = up_to_end(ids)
            getattr(self, f"{kind}_ids").append(ids.new_tensor([number for row in rows for number in row]))
            getattr(self, f"{kind}_lengths").append(ids.new_tensor([len(row) for row in rows]))

    def sentences(self, kind: str) -> list[list[int]]:
        """The ids of each sentence."""
        ids, lengths = (dim_zero_cat(getattr(self, f"{kind}_{part}")) for part in ("ids", "lengths"))
        return [part.tolist() for part in ids.split(lengths.tolist())]

    def compute(self, write: Write, texts: Sequence[str] = ()) -> dict[str, Tensor]:  # type: ignore[override]
        """The metrics; the true `texts` are used where known, since ids may lose parts of a text."""
        free, forced, truth = ([write(row) for row in self.sentences(kind)] for kind in KINDS)
        if texts:
            places: list[int] = dim_zero_cat(self.places).tolist()
            truth = [texts[place] if place != NOWHERE else row for place, row in zip(places, truth, strict=True)]
        alone, self.signatures["bleu"] = bleu(free, truth)
        letters, self.signatures["chrf"] = chrf(free, truth)
        helped, _ = bleu(forced, truth)
        measured = {
            "bleu": alone,
            "chrf": letters,
            "exact_match": sum(map(str.__eq__, free, truth)) / len(truth),
            "character_error_rate": character_error_rate(free, truth),
            "teacher_forced_bleu": helped,
            "exposure_gap": helped - alone,
        }
        return {name: torch.tensor(value, device=self.device) for name, value in measured.items()}


def writer(task: SequenceTask) -> Write:
    """The data's function that writes a sentence; without one, ids as numbers."""
    data = data_module(task)
    return data.write if isinstance(data, WritesText) else _numbers


def truths(task: SequenceTask, stage: str) -> list[str]:
    """The true target sentences of the data; [] where there are none."""
    data = data_module(task)
    if not isinstance(data, HasTexts):
        return []
    return [target for _, target in data.texts.get({"val": "valid"}.get(stage, stage), ())]


def _numbers(ids: list[int]) -> str:
    return " ".join(map(str, ids))
