"""The base of every data set of texts with labels: text -> splits -> vocabulary -> rows."""

from typing import Any, NamedTuple

import torch
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor

from unrolled.data.classes import SHOWN, agreed
from unrolled.data.has_vocabulary import HasVocabulary, build, check_level, saved
from unrolled.data.row_data import RowData, Split
from unrolled.data.splits import check_shares, deal, deal_fold
from unrolled.data.text_baselines import majority, tfidf_logistic
from unrolled.data.vocabulary import UNKNOWN, Level
from unrolled.data.words import spaced
from unrolled.errors import InputError


class Example(NamedTuple):
    """One text and what it is."""

    text: str
    label: str
    group: str = ""  # examples of one group lie in one split; "": those of the same text


class LabelledText(HasVocabulary, RowData):
    """Texts, each with one label.  A data set overrides `load` alone.

    After `setup()`: `vocabulary`, built on the training part alone; `classes`, in the order of their numbers;
    `examples[split]`.

    Args:
        level: what a token is: "word" (marks are words too), "character", or "subword" (a piece of a word).
        vocabulary_size: keep the most frequent tokens, special ones counted, the rest is read as <unk>; null: keep all.
        lower_case: whether A is read as a.
        valid_fraction: share of the examples for validation, where the data set has no such part of its own.
        test_fraction: share for the test, in the same case.
        folds: parts for cross-validation, in place of the test fraction; 0: none.
        fold: which of them is the test, from 0.
    """

    def __init__(
        self,
        *,
        level: Level = "word",
        vocabulary_size: int | None = 20_000,
        lower_case: bool = True,
        valid_fraction: float = 0.1,
        test_fraction: float = 0.1,
        folds: int = 0,
        fold: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.level, self.vocabulary_size, self.lower_case = level, vocabulary_size, lower_case
        self.valid_fraction, self.test_fraction, self.folds, self.fold = valid_fraction, test_fraction, folds, fold
        self.examples: dict[Split, list[Example]] = {}
        self.classes: list[str] = []

    def load(self) -> dict[Split, list[Example]]:
        """The examples: all as "train", or with a "test", or a "valid", of their own; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it holds")

    def check_arguments(self) -> None:
        super().check_arguments()
        check_level(self.level)
        check_shares(self.valid_fraction, self.test_fraction, self.folds, self.fold)

    def fill(self) -> tuple[dict[Split, list[Tensor]], dict[Split, list[Tensor]]]:
        self.examples = self.split(self.load())
        whole = self.examples["train"]
        self.classes = agreed(type(self).__name__, self.classes, sorted({example.label for example in whole}))
        texts = [self.read(example.text) for example in whole]
        self.adopt(build(texts, self.level, self.vocabulary_size))
        numbers = {name: number for number, name in enumerate(self.classes)}
        inputs: dict[Split, list[Tensor]] = {}
        labels: dict[Split, list[Tensor]] = {}
        for split, examples in self.examples.items():
            if unseen := sorted({example.label for example in examples} - numbers.keys()):
                raise InputError(
                    f"{type(self).__name__}: the {split} split has the label {unseen[0]!r}, which no training example "
                    f"has ({', '.join(self.classes[:SHOWN])}); give more examples of it, or another data.init_args.seed"
                )
            inputs[split] = [self.encode(example.text) for example in examples]
            labels[split] = [torch.tensor(numbers[example.label]) for example in examples]
            self._warn_of_unknown(split, inputs[split])
        return inputs, labels

    def split(self, loaded: dict[Split, list[Example]]) -> dict[Split, list[Example]]:
        """Train, valid and test; what `load` did not tell apart is dealt by the seed, no text into two of them."""
        train = loaded["train"]
        groups = [example.group or self.read(example.text) for example in train]
        if self.folds and "test" not in loaded:
            parts = deal_fold(groups, self.fold, self.folds, self.valid_fraction, self.seed)
        else:
            held_out = [0.0 if name in loaded else getattr(self, f"{name}_fraction") for name in ("valid", "test")]
            parts = deal(groups, [1 - sum(held_out), *held_out], self.seed)
        names: tuple[Split, ...] = ("train", "valid", "test")
        dealt = {name: [train[i] for i in part] for name, part in zip(names, parts, strict=True)}
        return dealt | {name: examples for name, examples in loaded.items() if name != "train"}

    def read(self, text: str) -> str:
        """The text as the vocabulary counts it."""
        if self.level == "character":
            return text.strip().lower() if self.lower_case else text.strip()
        return spaced(text, self.lower_case)

    def encode(self, text: str) -> Tensor:
        """Token numbers (T,) of a new text.

        Raises:
            InputError: there is no token in it.
        """
        numbers = self.vocabulary.encode(self.read(text))
        if not len(numbers):
            raise InputError(f"expected a text with at least one {self.level}, got {text!r}; leave it out")
        return numbers

    def _warn_of_unknown(self, split: Split, rows: list[Tensor]) -> None:
        unknown = self.vocabulary.tokens.index(UNKNOWN)
        if lost := sum(bool((row == unknown).all()) for row in rows):
            rank_zero_warn(
                f"{type(self).__name__}: {lost:,} of {len(rows):,} texts of the {split} split ({lost / len(rows):.1%}) "
                "have no known token; raise data.init_args.vocabulary_size"
            )

    def sizes(self) -> dict[str, Any]:
        return {"vocabulary_size": len(self.vocabulary), "classes": len(self.classes)}

    def state_dict(self) -> dict[str, Any]:
        """Vocabulary and classes go with the weights, for they are worth nothing without them."""
        return {**saved(self.vocabulary), "classes": self.classes, "sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        names, self.classes = self.classes, list(state_dict["classes"])
        self.take_over(state_dict)
        agreed(type(self).__name__, self.classes, names or self.classes)

    def baselines(self, split: str) -> dict[str, float]:
        """Error rates, of models fitted on the training part."""
        parts = {name: self.examples[name] for name in ("train", split)}  # type: ignore[index]
        texts = {name: [self.read(example.text) for example in part] for name, part in parts.items()}
        known = {name: [self.classes.index(example.label) for example in part] for name, part in parts.items()}
        linear = tfidf_logistic((texts["train"], known["train"]), (texts[split], known[split]), self.level)
        return {"majority class": majority(known["train"], known[split]), "TF-IDF logistic regression": linear}
