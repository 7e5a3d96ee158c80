"""How a translation task says what it has read.  B batch, S source steps, L steps said, K width of the beam."""

from typing import Any

import torch
from torch import Tensor

from unrolled.architectures.source_encoder import Memory
from unrolled.functional.pairs import BEGIN, TranslationBatch, until_end
from unrolled.functional.search import Hypotheses, Step, beam_search, greedy
from unrolled.functional.state import State

EXAMPLES = 5  # sentences of an evaluation that results.json shows


def limit(source_steps: int) -> int:
    """Ids that are said of a source at most, END counted: beyond, a model that learns goes round in a circle."""
    return 2 * source_steps + 10


def greedily(task: Any, memory: Memory) -> Tensor:
    """(B, L): the likeliest id at each step, up to END."""
    with torch.no_grad(), task.reading(memory):
        state = task.architecture.initial_state(len(memory.mask), memory)
        return greedy(_step(task), state, limit(memory.mask.shape[1]))


def translate(task: Any, memory: Memory, width: int, alpha: float) -> Hypotheses:
    """The best translation of each source that a beam of `width` finds, under a length penalty of `alpha`."""
    with torch.no_grad(), task.reading(memory.repeat(width)):
        state = task.architecture.initial_state(len(memory.mask) * width, task.memory)
        return beam_search(_step(task), state, width=width, limit=limit(memory.mask.shape[1]), alpha=alpha)


@torch.no_grad()
def alignment(task: Any, memory: Memory, ids: Tensor) -> Tensor | None:
    """Where the decoder looks while it says `ids` (B, L): weights (B, L, S); None without attention."""
    read = torch.cat([torch.full_like(ids[:, :1], BEGIN), ids[:, :-1]], 1)
    state = task.architecture.initial_state(len(ids), memory)
    _, _, weights = task.architecture.run(task.embed(read), state, memory)
    if not weights:
        return None
    return weights[0] if weights[0].dim() == 3 else torch.stack(weights, 1)


def describe(task: Any, batch: TranslationBatch, memory: Memory, said: Tensor) -> dict[str, Any]:
    """The first sentences of a batch by their tokens, and the weights (steps said, source steps) of each."""
    data: Any = getattr(task.trainer, "datamodule", None)
    if not hasattr(data, "source_vocabulary"):
        return {}
    looks = alignment(task, memory, said)
    examples = []
    truths, translations = until_end(batch.targets[:EXAMPLES]), until_end(said[:EXAMPLES])
    for row, (truth, translation) in enumerate(zip(truths, translations, strict=True)):
        length = int(batch.source_lengths[row])
        example = {
            "source": data.source_vocabulary.words(batch.source[row, :length].tolist()),
            "truth": data.vocabulary.words(truth),
            "translation": data.vocabulary.words(translation),
        }
        if looks is not None:
            steps = looks[row, : len(translation) + 1, :length]  # the last one says END
            example["attention"] = [[round(weight, 4) for weight in step] for step in steps.tolist()]
        examples.append(example)
    return {"examples": examples}


def _step(task: Any) -> Step:
    def step(ids: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, state = task.predict(ids[:, None], state)
        return task.head(hidden[:, 0]).log_softmax(-1), state

    return step
