"""The base of every data set of pairs: sentences -> splits -> vocabularies -> batches."""

from typing import Any, ClassVar, Literal

import pytorch_lightning as pl
from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor

from unrolled.data.splits import Split
from unrolled.data.tokens.tokenizer import check_level, warn_unknown_by_split
from unrolled.data.tokens.vocabulary import Level
from unrolled.data.translation.pair_loader import PairLoader
from unrolled.data.translation.pair_vocabulary import PairVocabularies, split_tokens
from unrolled.data.translation.sentences import Form, Pair, prepare, subsample
from unrolled.errors import InputError

EMPTY = "the split has none; give more, or raise data.init_args.valid_fraction or test_fraction"
OverLong = Literal["leave_out", "error"]


def drop_over_long(told: str, pairs: list[Pair], level: Level, longest: int | None, over_long: OverLong) -> list[Pair]:
    """The pairs of whose sides none has more than `longest` words, or characters at that level.

    Args:
        told: which pairs they are, for messages.
        pairs: prepared sentences and their translations.
        level: what a token is.
        longest: None: all are short enough.
        over_long: leave_out or error.

    Raises:
        InputError: an over-long pair that is not to be left out, or no pair that is left.
    """
    kept = [
        pair for pair in pairs if longest is None or all(len(split_tokens(side, level)) <= longest for side in pair)
    ]
    lost = len(pairs) - len(kept)
    longer = f"{lost:,} of {len(pairs):,} are longer than {longest} {'characters' if level == 'character' else 'words'}"
    if lost and over_long == "error":
        advice = "raise data.init_args.longest, or say over_long: leave_out"
        raise InputError(f"{told}: expected no over-long pair, but {longer}; {advice}")
    if not kept:
        raise InputError(f"{told}: expected pairs, got none: {longer if pairs else EMPTY}")
    return kept


class PairData(pl.LightningDataModule):
    """Sentences and their translations.  A data set overrides `load` alone.

    After `setup()`: `texts[split]`, `source_vocabulary` and `vocabulary`, which the training part alone makes, and
    `too_long`, how many pairs of each split were left out for their length.

    Args:
        level: what a token is on both sides: "word" (split at blanks), "character" or "subword".
        vocabulary_size: keep the most frequent tokens of each side, special ones counted; null: keep all.  Subwords
            need it: they are one list for both sides.
        longest: words of a sentence at most, or characters, if these are the tokens; null: any number.
        over_long: what is done with a pair that has a longer side.  leave_out: just that, and count; error: refuse.
        lowercase: whether capitals are written small.
        punctuation: whether punctuation marks are tokens of their own.
        train_limit: training pairs that are kept at most, evenly spread over all; null: all.
        eval_limit: validation pairs that are kept at most, and test pairs; null: all.
        batch_size: pairs of a training batch, per process.
        eval_batch_size: pairs of a validation or test batch, per process.
        order_seed: of the order in which the training pairs come.
    """

    form: ClassVar[Form] = "NFC"

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
        """Sentences and their translations, of each split; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not say where its pairs are")

    def check_arguments(self) -> None:
        """Refuse arguments that no pairs could satisfy."""
        check_level(self.level)
        if self.over_long not in ("leave_out", "error"):
            raise InputError(f"data.init_args.over_long: expected leave_out or error, got {self.over_long!r}")
        for name in ("batch_size", "eval_batch_size", "longest", "train_limit", "eval_limit"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise InputError(f"data.init_args.{name}: expected 1 or more, got {value}")

    def setup(self, stage: str | None = None) -> None:
        """Read and number the pairs once; refuse what cannot be trained on before the first step."""
        if self.texts:
            return
        self.check_arguments()
        for name, pairs in self.load().items():
            prepared = [(self.prepare(a), self.prepare(b)) for a, b in pairs]
            told = f"{type(self).__name__}, {name} split"
            kept = drop_over_long(told, prepared, self.level, self.longest, self.over_long)
            self.num_dropped[name] = len(pairs) - len(kept)
            self.texts[name] = subsample(kept, self.train_limit if name == "train" else self.eval_limit)
        self.vocabularies = PairVocabularies.build(self.texts["train"], self.level, self.vocabulary_size)
        self.source_vocabulary, self.vocabulary = self.vocabularies
        for name, pairs in self.texts.items():
            self.encoded[name] = [(self.source_vocabulary.encode(a), self.vocabulary.encode(b)) for a, b in pairs]
        sources = {name: [source for source, _ in pairs] for name, pairs in self.encoded.items()}
        warn_unknown_by_split(type(self).__name__, sources)
        counts = (f"{name} {len(pairs):,}, {self.num_dropped[name]:,} too long" for name, pairs in self.texts.items())
        rank_zero_info("%s, pairs: %s", type(self).__name__, "; ".join(counts))

    def prepare(self, sentence: str) -> str:
        """A sentence as it is split into tokens."""
        return prepare(sentence, **self.preparation())

    def write(self, numbers: list[int]) -> str:
        """The target sentence of these numbers."""
        return self.vocabulary.write(numbers)

    def preparation(self) -> dict[str, Any]:
        """How sentences are prepared, for one who translates others."""
        return {"form": self.form, "lowercase": self.lowercase, "punctuation": self.punctuation}

    def sizes(self) -> dict[str, Any]:
        """What a task must know of this data to be built, by the name of the task's argument."""
        sizes = {"source_vocabulary_size": len(self.source_vocabulary), "vocabulary_size": len(self.vocabulary)}
        return {**sizes, "level": self.level}

    def baselines(self, part: Split) -> dict[str, list[str]]:
        """What would be said without a network of each sentence of a split.  Here: the source as it stands."""
        return {"copy": [source for source, _ in self.texts[part]]}

    def state_dict(self) -> dict[str, Any]:
        """The vocabularies go with the weights, for they are worth nothing without them."""
        return {**self.vocabularies.state(), "written": self.preparation(), "sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.vocabularies.check_state(state_dict)

    def train_dataloader(self) -> PairLoader:
        return self._loader("train", self.batch_size, self.order_seed)

    def val_dataloader(self) -> PairLoader:
        return self._loader("valid", self.eval_batch_size, None)

    def test_dataloader(self) -> PairLoader:
        return self._loader("test", self.eval_batch_size, None)

    def _loader(self, name: Split, rows: int, shuffled: int | None) -> PairLoader:
        place = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return PairLoader(self.encoded[name], rows, shuffled, *place)
