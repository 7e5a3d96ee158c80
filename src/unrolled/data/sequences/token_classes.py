"""Tokens and classes: what texts with a label and texts with a tag for each word have in common."""

from typing import Any

from torch import Tensor

from unrolled.data.sequences.labels import agreed
from unrolled.data.sequences.token_counts import token_counts
from unrolled.data.splits import Split
from unrolled.data.tokens.tokenizer import HasVocabulary, saved


class TokenClasses(HasVocabulary):
    """A vocabulary, and `classes` in the order of their numbers, both of the training part alone."""

    inputs: dict[Split, list[Tensor]]
    labels: dict[Split, list[Tensor]]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes: list[str] = []

    def name_classes(self, where: str, found: set[str], fewest: int = 2) -> None:
        """Number the classes of the training part; `where` they stand is what an error names.

        Raises:
            InputError: fewer than `fewest`, or others than those of a checkpoint that was read.
        """
        self.classes = agreed(where, self.classes, sorted(found), fewest)

    def sizes(self) -> dict[str, Any]:
        return {"vocabulary_size": len(self.vocabulary), "classes": len(self.classes)}

    def token_counts(self) -> tuple[Tensor, Tensor]:
        """How often each class has each token of the training part, (C, V), and how often it was met in all, (V,)."""
        return token_counts(self.inputs["train"], self.labels["train"], len(self.vocabulary), len(self.classes))

    def state_dict(self) -> dict[str, Any]:
        """They go with the weights, which are worth nothing without them."""
        return {**saved(self.vocabulary), "classes": self.classes, "sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        names, self.classes = self.classes, list(state_dict["classes"])
        self.take_over(state_dict)
        agreed(type(self).__name__, self.classes, names or self.classes, fewest=1)
