"""Part-of-speech tags of Wall Street Journal sentences (Penn Treebank sample)."""

import re
from collections import Counter, defaultdict
from typing import Any

import torch
from torch import Tensor

from unrolled.data.base import SPLITS, Split, check_fractions
from unrolled.data.files.archives import open_archive
from unrolled.data.files.download import nltk_corpus
from unrolled.data.sequences.labels import TokenClasses
from unrolled.data.sequences.sequence_data import SequenceData
from unrolled.data.splits import split_groups
from unrolled.data.tokens.tokenizer import build_vocabulary, warn_unknown_by_split
from unrolled.errors import InputError

Sentence = list[tuple[str, str]]  # (word, tag) pairs in order
SHA256, SIZE = "9da92d76c3666cfb6cddeaed0f7e86b344cce0f0928a286d439e555f19c37399", 1740034
LEAF = re.compile(r"\(([^\s()]+) ([^\s()]+)\)")  # (tag word)


class TreebankTags(TokenClasses, SequenceData):
    """NLTK's `treebank`, a tenth of the Penn Treebank: 3,914 sentences of 199 files, 100,676 tokens, 46 tags.

    For `SequenceTagging`.  Traces (tag -NONE-) count as tokens, as in NLTK.  Full files are held out, drawn from the
    seed.  A fair-use sample, for non-commercial use.  Read from the zip in $NLTK_DATA, or downloaded once.

    After `setup()`: `vocabulary` (words) and `classes` (tags), both of the training split only; `sentences[split]`.
    To tag other sentences, override `load` and `prepare_data`.

    Args:
        vocabulary_size: keep the most frequent words, including the special tokens; other words are read as <unk>.
            null: keep all.
        lower_case: whether to convert words to lower case.
        valid_fraction: fraction of the files for validation.
        test_fraction: fraction of the files for the test.
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

    def check_arguments(self) -> None:
        super().check_arguments()
        check_fractions(self.valid_fraction, self.test_fraction)

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the file."""
        nltk_corpus("treebank", SHA256, SIZE)

    def load(self) -> dict[Split, list[Sentence]]:
        """The sentences of each split; called once."""
        archive = nltk_corpus("treebank", SHA256, SIZE)
        with open_archive(archive, "NLTK's treebank") as files:
            names = sorted(name for name in files.namelist() if name.endswith(".mrg"))
            read = [sentences(files.read(name).decode("ascii")) for name in names]
        shares = [1 - self.valid_fraction - self.test_fraction, self.valid_fraction, self.test_fraction]
        parts = split_groups(names, shares, self.seed)
        return {split: [s for i in part for s in read[i]] for split, part in zip(SPLITS, parts, strict=True)}

    def load_tensors(self) -> tuple[dict[Split, list[Tensor]], dict[Split, list[Tensor]]]:
        self.sentences = self.load()
        self.set_vocabulary(build_vocabulary([*map(self._text, self.sentences["train"])], "word", self.vocabulary_size))
        self.set_classes(self.label_source, {tag for sentence in self.sentences["train"] for _, tag in sentence})
        inputs = {
            split: [self.vocabulary.encode(self._text(sentence)) for sentence in part]
            for split, part in self.sentences.items()
        }
        warn_unknown_by_split(self.owner, inputs)
        return inputs, {split: [self._tags(split, s) for s in part] for split, part in self.sentences.items()}

    def _text(self, sentence: Sentence) -> str:
        text = " ".join(word for word, _ in sentence)
        return text.lower() if self.lower_case else text

    def _tags(self, split: Split, sentence: Sentence) -> Tensor:
        """(T,) the class of each word."""
        numbers = {tag: number for number, tag in enumerate(self.classes)}
        if unseen := [f"{tag} of {word!r}" for word, tag in sentence if tag not in numbers]:
            raise InputError(
                f"{type(self).__name__}: the {split} split has the tag {unseen[0]}, which no training word has; choose "
                "another data.init_args.seed"
            )
        return torch.tensor([numbers[tag] for _, tag in sentence])

    def baselines(self, split: str) -> dict[str, float]:
        """Error rates of the most frequent tag, and of the most frequent tag of each word (overall, if unknown)."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for sentence in self.sentences["train"]:
            for word, tag in sentence:
                counts[word][tag] += 1
        majority = sum(counts.values(), Counter()).most_common(1)[0][0]
        pairs = [pair for sentence in self.sentences[split] for pair in sentence]  # type: ignore[index]
        wrong = sum(tag != majority for _, tag in pairs)
        best = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
        by_word = sum(tag != best.get(word, majority) for word, tag in pairs)
        return {"most frequent tag": wrong / len(pairs), "most frequent tag of the word": by_word / len(pairs)}


def sentences(trees: str) -> list[Sentence]:
    """The (word, tag) pairs of each tree of a file; a bracket at the start of a line starts a tree."""
    pieces = re.split(r"^(?=\()", trees, flags=re.MULTILINE)
    return [[(word, tag) for tag, word in found] for piece in pieces if (found := LEAF.findall(piece))]
