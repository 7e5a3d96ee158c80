"""Tasks whose outputs are ids.  B batch, E embedding, H hidden, V vocabulary."""

import torch
from torch import Tensor, nn

from unrolled.functional.sampling import draw_id
from unrolled.tasks.autoregressive import Autoregressive


class TokenOutput(Autoregressive):
    """An embedding (V, E) of what is read, and a head from H features to V logits: what is fed back is an id."""

    embedding: nn.Embedding
    head: nn.Linear

    def features(self, inputs: Tensor) -> Tensor:
        embedded: Tensor = inputs if inputs.is_floating_point() else self.embedding(inputs)
        return embedded

    def embed(self, inputs: Tensor) -> Tensor:
        return self.thin(self.features(inputs))

    def choose(
        self,
        hidden: Tensor,
        temperature: float = 0.0,
        top_k: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        logits = self.head(hidden)
        if temperature == 0:
            chosen: Tensor = logits.argmax(-1)
            return chosen
        return draw_id(logits, temperature, top_k, generator)

    def expected(self, hidden: Tensor) -> Tensor:
        mean: Tensor = self.head(hidden).softmax(-1) @ self.embedding.weight
        return mean

    def nothing(self, batch_size: int) -> Tensor:
        return torch.full((batch_size,), -1, device=self.head.weight.device)
