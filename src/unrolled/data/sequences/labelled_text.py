"""Base of all data sets of labelled texts: splits, vocabulary, classes and token sequences."""

from collections.abc import Hashable
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.data.base import Split
from unrolled.data.files.text import is_blank, space_tokens
from unrolled.data.sequences.baselines import error_rates
from unrolled.data.sequences.holdout import HoldoutData
from unrolled.data.sequences.labels import TokenClasses, check_labels, encode_labels
from unrolled.data.splits import connected_components
from unrolled.data.tokens.tokenizer import build_vocabulary, check_level, warn_unknown_by_split
from unrolled.data.tokens.vocabulary import Level
from unrolled.errors import InputError


class Example(NamedTuple):
    """A labelled text."""

    text: str
    label: str
    group: str = ""  # examples of a group are in the same split, as are examples of the same text; "": no group
    language: str = ""  # results are also reported by language; "": unknown
    where: str = ""  # the location in a file, such as the row, for messages


class LabelledText(TokenClasses, HoldoutData):
    """Texts with one label each, or with several, separated by `separator`.  A data set overrides `load`.

    After `setup()`: `vocabulary` and sorted `classes`, both of the training split only; `examples[split]`.

    Args:
        level: the unit of a token: "word" (a word or a punctuation mark), "character", or "subword" (a part of a word).
        vocabulary_size: keep the most frequent tokens, including the special tokens; other tokens are read as <unk>.
            null: keep all.
        lower_case: whether to convert texts to lower case.
    """

    noun = "texts"
    separator: str | None = None  # the text between the labels of an example; None: it has one label

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
        """The examples by split; splits that are missing are drawn from "train".  Called once."""
        raise NotImplementedError(f"{type(self).__name__} does not define load()")

    def check_arguments(self) -> None:
        super().check_arguments()
        check_level(self.level)

    def load_tensors(self) -> tuple[dict[Split, list[Tensor]], dict[Split, list[Tensor]]]:
        self.examples = self.split(self.load())
        self.where = {split: [example.where for example in part] for split, part in self.examples.items()}
        names = {split: [self.labels_of(example) for example in part] for split, part in self.examples.items()}
        several = self.separator is not None
        self.set_classes(self.label_source, {*chain(*names["train"])}, fewest=1 if several else 2)
        check_labels(self, names, self.classes)
        texts = {split: [self.read(example.text) for example in part] for split, part in self.examples.items()}
        self.set_vocabulary(build_vocabulary(texts["train"], self.level, self.vocabulary_size))
        inputs = {split: [*map(self.vocabulary.encode, part)] for split, part in texts.items()}
        warn_unknown_by_split(self.owner, inputs)
        labels = {split: [encode_labels(of, self.classes, several) for of in part] for split, part in names.items()}
        return inputs, labels

    def labels_of(self, example: Example) -> list[str]:
        """The label of an example, or all its labels."""
        if self.separator is None:
            return [example.label]
        return [label for part in example.label.split(self.separator) if not is_blank(label := part.strip())]

    def groups_of(self, examples: list[Example]) -> list[Hashable]:
        """Connected components: examples that share a group or a text, directly or through others, are one group."""
        texts = [self.read(example.text) for example in examples]
        shared = [
            (("text", text), *([("group", example.group)] if example.group else []))
            for example, text in zip(examples, texts, strict=True)
        ]
        return [*connected_components(shared)]

    def group_noun(self, examples: list[Example]) -> str:
        return "group" if any(example.group for example in examples) else "distinct text"

    def read(self, text: str) -> str:
        """The normalised text, from which the vocabulary is built."""
        if self.level == "character":
            return text.strip().lower() if self.lower_case else text.strip()
        return space_tokens(text, self.lower_case)

    def encode(self, text: str) -> Tensor:
        """Token ids (T,) of a new text.

        Raises:
            InputError: a text without tokens.
        """
        tokens = self.vocabulary.encode(self.read(text))
        if not len(tokens):
            raise InputError(f"expected a text with at least one {self.level}, got {text!r}; remove it")
        return tokens

    def baselines(self, split: str) -> dict[str, float]:
        """Error rates of the majority class, and of logistic regression on TF-IDF features."""
        parts = [self.examples[name] for name in ("train", split)]  # type: ignore[index]
        texts = [[self.read(example.text) for example in part] for part in parts]
        labels = [torch.stack(self.labels[name]).long().numpy() for name in ("train", split)]  # type: ignore[index]
        return error_rates((texts[0], labels[0]), (texts[1], labels[1]), self.level)

    def languages(self, split: str) -> list[str]:
        """The language of each text of a split; [] if unknown."""
        languages = [example.language for example in self.examples[split]]  # type: ignore[index]
        return languages if all(languages) else []
