"""The base of every data set of texts with labels: text -> splits -> vocabulary -> rows."""

from collections.abc import Hashable
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.data.files.text import is_blank, space_tokens
from unrolled.data.sequences.baselines import error_rates
from unrolled.data.sequences.holdout import HoldoutData
from unrolled.data.sequences.labels import TokenClasses, check_labels, encode_labels
from unrolled.data.splits import Split
from unrolled.data.tokens.tokenizer import build_vocabulary, check_level, warn_unknown_by_split
from unrolled.data.tokens.vocabulary import Level
from unrolled.errors import InputError
from unrolled.functional.partition import components


class Example(NamedTuple):
    """One text and what it is."""

    text: str
    label: str
    group: str = ""  # examples of one group lie in one split, and so do those of the same text
    language: str = ""  # where the data set tells it: results are then also told by language
    where: str = ""  # what a message calls it, such as the row of the user's file


class LabelledText(TokenClasses, HoldoutData):
    """Texts, each with one label, or with several between `separator`s.  A data set overrides `load` alone.

    After `setup()`: `vocabulary`, built on the training part alone; `classes`, in the order of their numbers;
    `examples[split]`.

    Args:
        level: what a token is: "word" (marks are words too), "character", or "subword" (a piece of a word).
        vocabulary_size: keep the most frequent tokens, special ones counted, the rest is read as <unk>; null: keep all.
        lower_case: whether A is read as a.
    """

    noun = "texts"
    separator: str | None = None  # what stands between the labels of an example; None: it has one

    def __init__(
        self,
        *,
        level: Level = "word",
        vocabulary_size: int | None = 20_000,
        lower_case: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.level, self.vocabulary_size, self.lower_case = level, vocabulary_size, lower_case
        self.examples: dict[Split, list[Example]] = {}

    def load(self) -> dict[Split, list[Example]]:
        """The examples: all as "train", or with a "test", or a "valid", of their own; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it holds")

    def check_arguments(self) -> None:
        super().check_arguments()
        check_level(self.level)

    def load_tensors(self) -> tuple[dict[Split, list[Tensor]], dict[Split, list[Tensor]]]:
        self.examples = self.split(self.load())
        self.where = {split: [example.where for example in part] for split, part in self.examples.items()}
        told = {split: [self.labels_of(example) for example in part] for split, part in self.examples.items()}
        several = self.separator is not None
        self.set_classes(self.label_source, {*chain(*told["train"])}, fewest=1 if several else 2)
        check_labels(self, told, self.classes)
        read = {split: [self.read(example.text) for example in part] for split, part in self.examples.items()}
        self.set_vocabulary(build_vocabulary(read["train"], self.level, self.vocabulary_size))
        inputs = {split: [*map(self.vocabulary.encode, texts)] for split, texts in read.items()}
        warn_unknown_by_split(self.owner, inputs)
        labels = {
            split: [encode_labels(names, self.classes, several) for names in part] for split, part in told.items()
        }
        return inputs, labels

    def labels_of(self, example: Example) -> list[str]:
        """Its label, or each of its labels."""
        if self.separator is None:
            return [example.label]
        return [label for part in example.label.split(self.separator) if not is_blank(label := part.strip())]

    def groups_of(self, examples: list[Example]) -> list[Hashable]:
        """Those that share a group or a text, with one another or by others, lie in one part."""
        texts = [self.read(example.text) for example in examples]
        shared = [
            (("text", text), *([("group", example.group)] if example.group else []))
            for example, text in zip(examples, texts, strict=True)
        ]
        return [*components(shared)]

    def group_noun(self, examples: list[Example]) -> str:
        return "group" if any(example.group for example in examples) else "distinct text"

    def read(self, text: str) -> str:
        """The text as the vocabulary counts it."""
        if self.level == "character":
            return text.strip().lower() if self.lower_case else text.strip()
        return space_tokens(text, self.lower_case)

    def encode(self, text: str) -> Tensor:
        """Token numbers (T,) of a new text.

        Raises:
            InputError: there is no token in it.
        """
        numbers = self.vocabulary.encode(self.read(text))
        if not len(numbers):
            raise InputError(f"expected a text with at least one {self.level}, got {text!r}; leave it out")
        return numbers

    def baselines(self, split: str) -> dict[str, float]:
        """Error rates, of models fitted on the training part."""
        parts = [self.examples[name] for name in ("train", split)]  # type: ignore[index]
        texts = [[self.read(example.text) for example in part] for part in parts]
        known = [torch.stack(self.labels[name]).long().numpy() for name in ("train", split)]  # type: ignore[index]
        return error_rates((texts[0], known[0]), (texts[1], known[1]), self.level)

    def languages(self, split: str) -> list[str]:
        """Of each row of a split the language, [] where the data set tells none."""
        told = [example.language for example in self.examples[split]]  # type: ignore[index]
        return told if all(told) else []
