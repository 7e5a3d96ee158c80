"""What a model reads while it trains, and a model whose own word is easily told from the truth."""

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from conformance.token_streams import stream
from conformance.training import Run, fit, make
from unrolled import compose
from unrolled.tasks import LanguageModeling
from unrolled.tasks.base import SequenceTask

FROZEN = {"class_path": "SGD", "init_args": {"lr": 0.0}}


class Spy:
    """Of each call of the embedding: the tokens (B, T), apart for calls with a gradient and without."""

    def __init__(self, task: SequenceTask) -> None:
        self.trained: list[Tensor] = []
        self.sought: list[Tensor] = []
        task.embedding.register_forward_hook(self._hear)

    def _hear(self, module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        (self.trained if torch.is_grad_enabled() else self.sought).append(inputs[0].clone())


def spied(
    *strategies: type[SequenceTask],
    loader: Any = None,
    deaf: bool = False,
    callbacks: Sequence[pl.Callback] = (),
    seed: int = 0,
    **arguments: Any,
) -> tuple[Run, Spy]:
    """One epoch, and what it read.  `deaf`: the model's own word is 0, never the truth behind a row's first step."""
    task = make(compose(LanguageModeling, *strategies), seed=seed, **arguments)
    if deaf:
        with torch.no_grad():
            task.head.bias[0] = 1e3
    spy = Spy(task)
    return fit(task, loader or stream(), trainer={"max_epochs": 1}, callbacks=callbacks, seed=seed), spy
