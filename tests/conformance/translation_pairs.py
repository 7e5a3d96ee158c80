"""Small pairs, a small translator, and a translator by hand.  B rows, S source steps, T target steps, H hidden."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.functional.translation import TranslationBatch, pair_batch

SOURCES, TARGETS, H = 8, 7, 4  # ids on each side, 0 to 2 the special ones; hidden units
TASK: dict[str, Any] = {
    "source_vocabulary_size": SOURCES,
    "vocabulary_size": TARGETS,
    "embedding_size": 3,
    "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": H}},
    "optimizer": {"class_path": "SGD", "init_args": {"lr": 0.5}},
}
LENGTHS = [(5, 6), (2, 3), (4, 1)]  # of the source and the target of each row


def batches(count: int = 4, seed: int = 5) -> list[TranslationBatch]:
    """Batches whose sources are of different lengths, from batch to batch too."""
    random = torch.Generator().manual_seed(seed)

    def draw(high: int, length: int) -> Tensor:
        return torch.randint(3, high, (length,), generator=random)

    made = []
    for number in range(count):
        sources = [draw(SOURCES, s + number % 2) for s, _ in LENGTHS]
        made.append(pair_batch(sources, [draw(TARGETS, t) for _, t in LENGTHS]))
    return made


class Loader(ResumableLoader):
    """These batches in each epoch; nothing is drawn when it is asked for them."""

    length_depends_on = "count"

    def __init__(self, made: list[TranslationBatch]) -> None:
        super().__init__()
        self.made = made

    def __len__(self) -> int:
        return len(self.made)

    def batch(self, index: int) -> TranslationBatch:  # type: ignore[override]
        return self.made[index]


def loader(count: int = 4, seed: int = 5) -> Loader:
    return Loader(batches(count, seed))


class ByHand(nn.Module):
    """One LSTM layer in two directions, additive attention, input feeding and a bridge, of torch's own parts alone."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.names = [*weights]
        self.values = nn.ParameterList(nn.Parameter(value.clone()) for value in weights.values())

    def weight(self, name: str) -> Tensor:
        return self.values[self.names.index(name)]

    def lstm(self, x: Tensor, state: tuple[Tensor, Tensor], cell: str) -> tuple[Tensor, Tensor]:
        w_ih, w_hh, b_ih, b_hh = (
            self.weight(f"{cell}.{n}_l0") for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        i, f, g, o = (x @ w_ih.T + b_ih + state[0] @ w_hh.T + b_hh).chunk(4, -1)
        c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    def read(self, source: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Of one sentence (S,): its values (S, 2H), and the decoder's first state, each (1, H)."""
        x = self.weight("source_embedding.weight")[source]
        zero = x.new_zeros(1, H)
        sides, ends = [], []
        for direction, order in enumerate((range(len(source)), reversed(range(len(source))))):
            state, told = (zero, zero), {}
            for s in order:
                state = self.lstm(x[s][None], state, f"encoder.encoder.cells.{direction}")
                told[s] = state[0][0]
            sides.append(torch.stack([told[s] for s in range(len(source))]))
            ends.append(state)
        start = [
            torch.tanh(
                torch.cat([ends[0][part], ends[1][part]], 1) @ self.weight(f"encoder.bridges.{part}.weight").T
                + self.weight(f"encoder.bridges.{part}.bias")
            )
            for part in (0, 1)
        ]
        return torch.cat(sides, -1), (start[0], start[1], zero)

    def step(
        self, token: Tensor | int, values: Tensor, state: tuple[Tensor, Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Logits (V,) behind one token, and the next state (h, c, what is fed)."""
        h, c, fed = state
        embedded = self.weight("embedding.weight")[token][None]
        h, c = self.lstm(torch.cat([embedded, fed], 1), (h, c), "architecture.cell.cells.0")
        look = "architecture.attention"
        query = h[0] @ self.weight(f"{look}.query.weight").T + self.weight(f"{look}.query.bias")
        keys = values @ self.weight(f"{look}.key.weight").T
        shares = (torch.tanh(query + keys) @ self.weight(f"{look}.score")).softmax(0)
        fed = torch.tanh(torch.cat([shares @ values, h[0]]) @ self.weight("architecture.combine.weight").T)[None]
        return fed[0] @ self.weight("head.weight").T + self.weight("head.bias"), (h, c, fed)

    def run(self, row: int, batch: TranslationBatch, truth: Tensor) -> Tensor:
        """Logits (T, V) of one row; a step reads the own likeliest id where `truth` (T,) is False."""
        values, state = self.read(batch.source[row, : batch.source_lengths[row]])
        logits: list[Tensor] = []
        for t in range(batch.inputs.shape[1]):
            token = batch.inputs[row, t] if truth[t] or t == 0 else logits[-1].argmax()
            told, state = self.step(token, values, state)
            logits.append(told)
        return torch.stack(logits)

    def loss(self, batch: TranslationBatch, truth: Tensor) -> Tensor:
        """The mean nats per target, with the truth read where `truth` (B, T) says so."""
        logits = torch.stack([self.run(row, batch, truth[row]) for row in range(len(batch.inputs))])
        return F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=-100)
