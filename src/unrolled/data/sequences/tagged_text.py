"""The base of every data set of texts with a tag for each word."""

from collections import Counter, defaultdict
from typing import Any

import torch
from torch import Tensor

from unrolled.data.sequences.labels import TokenClasses
from unrolled.data.sequences.sequence_data import RowData
from unrolled.data.splits import Split, check_shares
from unrolled.data.tokens.tokenizer import build, warn_by_split
from unrolled.errors import InputError

Sentence = list[tuple[str, str]]  # (word, tag) in their order


class TaggedText(TokenClasses, RowData):
    """Sentences whose words have a tag each.  A data set overrides `load` alone.

    After `setup()`: `vocabulary` of words and `classes`, the tags, both of the training part alone;
    `sentences[split]`.

    Args:
        vocabulary_size: keep the most frequent words, special ones counted, the rest is read as <unk>; null: keep all.
        lower_case: whether A is read as a.
        valid_fraction: share for validation, where the data set has no such part of its own.
        test_fraction: share for the test, in the same case.
    """

    label_steps = True

    def __init__(
        self,
        *,
        vocabulary_size: int | None = None,
        lower_case: bool = False,
        valid_fraction: float = 0.1,
        test_fraction: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size, self.lower_case = vocabulary_size, lower_case
        self.valid_fraction, self.test_fraction = valid_fraction, test_fraction
        self.sentences: dict[Split, list[Sentence]] = {}

    def load(self) -> dict[Split, list[Sentence]]:
        """The sentences of each split; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it holds")

    def check_arguments(self) -> None:
        super().check_arguments()
        check_shares(self.valid_fraction, self.test_fraction, 0, 0)

    def fill(self) -> tuple[dict[Split, list[Tensor]], dict[Split, list[Tensor]]]:
        self.sentences = self.load()
        self.adopt(build([*map(self._read, self.sentences["train"])], "word", self.vocabulary_size))
        self.name_classes(self.labelled_in, {tag for sentence in self.sentences["train"] for _, tag in sentence})
        inputs = {
            split: [self.vocabulary.encode(self._read(sentence)) for sentence in sentences]
            for split, sentences in self.sentences.items()
        }
        warn_by_split(self.owner, inputs)
        return inputs, {split: [self._tags(split, s) for s in said] for split, said in self.sentences.items()}

    def _read(self, sentence: Sentence) -> str:
        text = " ".join(word for word, _ in sentence)
        return text.lower() if self.lower_case else text

    def _tags(self, split: Split, sentence: Sentence) -> Tensor:
        numbers = {tag: number for number, tag in enumerate(self.classes)}
        if unseen := [f"{tag} of {word!r}" for word, tag in sentence if tag not in numbers]:
            raise InputError(
                f"{type(self).__name__}: the {split} split has the tag {unseen[0]}, which no training word has; choose "
                "another data.init_args.seed"
            )
        return torch.tensor([numbers[tag] for _, tag in sentence])

    def baselines(self, split: str) -> dict[str, float]:
        """Error rates: the most frequent tag of all, and of each word (of an unknown word, of all)."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for sentence in self.sentences["train"]:
            for word, tag in sentence:
                counts[word][tag] += 1
        usual = sum(counts.values(), Counter()).most_common(1)[0][0]
        pairs = [pair for sentence in self.sentences[split] for pair in sentence]  # type: ignore[index]
        wrong = sum(tag != usual for _, tag in pairs)
        best = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
        by_word = sum(tag != best.get(word, usual) for word, tag in pairs)
        return {"most frequent tag": wrong / len(pairs), "most frequent tag of the word": by_word / len(pairs)}
