"""Greedy and beam-search decoding.  B batch, S source steps, L generated steps, K width of the beam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from unrolled.architectures.source_encoder import Memory
from unrolled.functional.beam_search import Hypotheses, Step, beam_search, greedy_search
from unrolled.functional.state import State
from unrolled.functional.translation import BEGIN, TranslationBatch, mask_special_tokens, up_to_end
from unrolled.tasks.data_contract import HasVocabularies, data_module

if TYPE_CHECKING:
    from unrolled.tasks.translation.translation import Translation

EXAMPLES = 5  # sentences of an evaluation that results.json shows


def limit(memory: Memory) -> Tensor:
    """(B,): largest number of generated ids for each source, including END, since an untrained model may never end.

    It depends on the length of each source alone, so that a translation does not depend on the rest of the batch.
    """
    return 2 * memory.mask.sum(1) + 10


def greedily(task: Translation, memory: Memory) -> Tensor:
    """(B, L): the most likely id at each step, up to END."""
    with torch.no_grad(), task.reading(memory):
        state = task.architecture.initial_state(len(memory.mask), memory)
        return greedy_search(_step(task), state, limit(memory))


def translate(task: Translation, memory: Memory, width: int, alpha: float) -> Hypotheses:
    """The best translation of each source that a beam of `width` finds, under a length penalty of `alpha`."""
    with torch.no_grad(), task.reading(memory.repeat(width)):
        state = task.architecture.initial_state(len(memory.mask) * width, task.memory)
        return beam_search(_step(task), state, width=width, limit=limit(memory), alpha=alpha)


@torch.no_grad()
def alignment(task: Translation, memory: Memory, ids: Tensor) -> Tensor | None:
    """Attention weights (B, L, S) of the decoder for generated `ids` (B, L); None without attention."""
    read = torch.cat([torch.full_like(ids[:, :1], BEGIN), ids[:, :-1]], 1)
    state = task.architecture.initial_state(len(ids), memory)
    _, _, weights = task.architecture.run(task.embed(read), state, memory)
    if not weights:
        return None
    return weights[0] if weights[0].dim() == 3 else torch.stack(weights, 1)


def describe(task: Translation, batch: TranslationBatch, memory: Memory, ids: Tensor) -> list[dict[str, Any]]:
    """The tokens of a batch's first sentence, and the attention weights (L, S) of its translation.

    One sentence of each batch, since a batch holds sentences of similar length.  [] where the data has no vocabularies.
    """
    data = data_module(task)
    if not isinstance(data, HasVocabularies):
        return []
    (truth,), (translation,) = up_to_end(batch.targets[:1]), up_to_end(ids[:1])
    length = int(batch.source_lengths[0])
    example = {
        "source": data.source_vocabulary.words(batch.source[0, :length].tolist()),
        "truth": data.vocabulary.words(truth),
        "translation": data.vocabulary.words(translation),
    }
    looks = alignment(task, memory.first(), ids[:1])
    if looks is not None:
        steps = looks[0, : len(translation) + 1, :length]  # the last step is END, if it was generated
        example["attention"] = [[round(weight, 4) for weight in step] for step in steps.tolist()]
    return [example]


def few(examples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most `EXAMPLES` of them, evenly spread."""
    most = min(EXAMPLES, len(examples))
    return [examples[place * len(examples) // most] for place in range(most)]


def _step(task: Translation) -> Step:
    def step(ids: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, state = task.predict(ids[:, None], state)
        return mask_special_tokens(task.head(hidden[:, 0]).log_softmax(-1)), state

    return step
