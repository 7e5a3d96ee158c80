"""Base of all translation data sets: sentence pairs, splits, vocabularies and batches of pairs."""

from typing import Any, ClassVar, Literal

from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from unrolled.data.base import SequenceDataModule, Split, at_least
from unrolled.data.tokens.tokenizer import check_level, warn_unknown_by_split
from unrolled.data.tokens.vocabulary import Level
from unrolled.data.translation.pair_loader import PairLoader
from unrolled.data.translation.pair_vocabulary import PairVocabularies, split_tokens
from unrolled.data.translation.sentences import Form, Pair, prepare, subsample
from unrolled.errors import InputError

EMPTY = "the split has none; add pairs, or raise data.init_args.valid_fraction or test_fraction"
OverLong = Literal["leave_out", "error"]


class PairData(SequenceDataModule):
    """Sentences and their translations.  A data set overrides `load`.

    After `setup()`: `texts[split]`; `source_vocabulary` and `vocabulary` (of the targets), both of the training split
    only; and `num_dropped[split]`, the number of over-long pairs that were dropped.

    Args:
        level: the unit of a token, in both languages: "word" (split at whitespace), "character" or "subword".
        vocabulary_size: keep the most frequent tokens of each language, including the special tokens; null: keep all.
            Required for subwords, which share one vocabulary for both languages.
        longest: maximum number of words of a sentence (at level character, of characters); null: no maximum.
        over_long: what to do with a pair that has a longer sentence.  leave_out: drop and count it; error: refuse it.
        lowercase: whether to convert sentences to lower case.
        punctuation: whether punctuation marks are separate tokens.
        train_limit: maximum number of training pairs, evenly spaced over all of them; null: all.
        eval_limit: maximum number of validation pairs, and of test pairs; null: all.
        batch_size: pairs of a training batch, per process.
        eval_batch_size: pairs of a validation or test batch, per process.
        order_seed: random seed of the order of the training pairs.
    """

    form: ClassVar[Form] = "NFC"  # Unicode normalisation form

    def __init__(
        self,
        *,
        level: Level = "word",
        vocabulary_size: int | None = None,
        longest: int | None = None,
        over_long: OverLong = "leave_out",
        lowercase: bool = False,
        punctuation: bool = False,
        train_limit: int | None = None,
        eval_limit: int | None = None,
        batch_size: int = 32,
        eval_batch_size: int = 128,
        order_seed: int = 1,
    ) -> None:
        super().__init__()
        self.level, self.vocabulary_size, self.longest = level, vocabulary_size, longest
        self.over_long, self.lowercase, self.punctuation = over_long, lowercase, punctuation
        self.train_limit, self.eval_limit = train_limit, eval_limit
        self.batch_size, self.eval_batch_size, self.order_seed = batch_size, eval_batch_size, order_seed
        self.texts: dict[Split, list[Pair]] = {}
        self.num_dropped: dict[Split, int] = {}
        self.encoded: dict[Split, list[tuple[Tensor, Tensor]]] = {}

    def load(self) -> dict[Split, list[Pair]]:
        """The (source, target) sentences of each split; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not define load()")

    def check_arguments(self) -> None:
        check_level(self.level)
        if self.over_long not in ("leave_out", "error"):
            raise InputError(f"data.init_args.over_long: expected leave_out or error, got {self.over_long!r}")
        at_least(
            1,
            batch_size=self.batch_size,
            eval_batch_size=self.eval_batch_size,
            longest=self.longest,
            train_limit=self.train_limit,
            eval_limit=self.eval_limit,
        )

    def setup(self, stage: str | None = None) -> None:
        """Load, filter and encode the pairs once.

        Raises:
            InputError: arguments or pairs that cannot be trained on.
        """
        if self.texts:
            return
        self.check_arguments()
        for name, pairs in self.load().items():
            prepared = [(self.prepare(source), self.prepare(target)) for source, target in pairs]
            kept = drop_over_long(f"{self.owner}, {name} split", prepared, self.level, self.longest, self.over_long)
            self.num_dropped[name] = len(pairs) - len(kept)
            self.texts[name] = subsample(kept, self.train_limit if name == "train" else self.eval_limit)
        self.vocabularies = PairVocabularies.build(self.texts["train"], self.level, self.vocabulary_size)
        self.source_vocabulary, self.vocabulary = self.vocabularies
        for name, pairs in self.texts.items():
            self.encoded[name] = [(self.source_vocabulary.encode(a), self.vocabulary.encode(b)) for a, b in pairs]
        sources = {name: [source for source, _ in pairs] for name, pairs in self.encoded.items()}
        warn_unknown_by_split(self.owner, sources)
        counts = (f"{name} {len(pairs):,}, {self.num_dropped[name]:,} too long" for name, pairs in self.texts.items())
        rank_zero_info("%s, pairs: %s", self.owner, "; ".join(counts))

    def prepare(self, sentence: str) -> str:
        """The normalised sentence, as it is split into tokens."""
        return prepare(sentence, **self.preparation())

    def write(self, numbers: list[int]) -> str:
        """The target sentence of token ids."""
        return self.vocabulary.write(numbers)

    def preparation(self) -> dict[str, Any]:
        """The arguments of `sentences.prepare`; a checkpoint keeps them for new sentences."""
        return {"form": self.form, "lowercase": self.lowercase, "punctuation": self.punctuation}

    def sizes(self) -> dict[str, Any]:
        sizes = {"source_vocabulary_size": len(self.source_vocabulary), "vocabulary_size": len(self.vocabulary)}
        return {**sizes, "level": self.level}

    def baselines(self, split: Split) -> dict[str, list[str]]:
        """The translations of a split by methods without a network; by default, a copy of each source sentence."""
        return {"copy": [source for source, _ in self.texts[split]]}

    def state_dict(self) -> dict[str, Any]:
        """Vocabularies, preparation and sizes, for the checkpoint of the weights that depend on them."""
        return {**self.vocabularies.state(), "written": self.preparation(), "sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.vocabularies.check_state(state_dict)

    def train_dataloader(self) -> PairLoader:
        return self._loader("train", self.batch_size, self.order_seed)

    def val_dataloader(self) -> PairLoader:
        return self._loader("valid", self.eval_batch_size, None)

    def test_dataloader(self) -> PairLoader:
        return self._loader("test", self.eval_batch_size, None)

    def _loader(self, split: Split, rows: int, shuffle: int | None) -> PairLoader:
        return PairLoader(self.encoded[split], rows, shuffle, *self.process)


def drop_over_long(where: str, pairs: list[Pair], level: Level, longest: int | None, over_long: OverLong) -> list[Pair]:
    """The pairs whose sentences both have at most `longest` words (at level character, characters).

    Args:
        where: the data set and split, for messages.
        pairs: prepared sentences and their translations.
        level: the unit of a token.
        longest: the maximum length; None: keep all pairs.
        over_long: leave_out or error.

    Raises:
        InputError: an over-long pair with `over_long` error, or no pair left.
    """
    kept = [pair for pair in pairs if longest is None or all(len(split_tokens(one, level)) <= longest for one in pair)]
    dropped = len(pairs) - len(kept)
    unit = "characters" if level == "character" else "words"
    longer = f"{dropped:,} of {len(pairs):,} are longer than {longest} {unit}"
    if dropped and over_long == "error":
        advice = "raise data.init_args.longest, or set over_long to leave_out"
        raise InputError(f"{where}: expected no over-long pair, but {longer}; {advice}")
    if not kept:
        raise InputError(f"{where}: expected pairs, got none: {longer if pairs else EMPTY}")
    return kept
