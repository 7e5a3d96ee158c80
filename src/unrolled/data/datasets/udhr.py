"""Language identification on the Universal Declaration of Human Rights."""

from textwrap import wrap
from typing import Any

from unrolled.data.base import Split
from unrolled.data.files.archives import open_archive
from unrolled.data.files.download import nltk_corpus
from unrolled.data.sequences.labelled_text import Example, LabelledText
from unrolled.data.splits import connected_components
from unrolled.data.tokens.vocabulary import Level
from unrolled.errors import InputError
from unrolled.suggestions import expected

SHA256, SIZE = "0796c314b09a930c989c6f9d93d226af9af13feccd88496e196c743dd266c7f3", 1653975
LATIN = "cat ces dan deu eng est fin fra hrv hun ind isl ita lit nld nob pol por_PT ron slk slv spa swe swh tur vie zul"
OTHER = "bel bul mkd rus ukr arb pes_1 urd ell_monotonic heb hin"  # Cyrillic, Arabic and other scripts
LANGUAGES = tuple(sorted(f"{LATIN} {OTHER}".split()))


class UDHR(LabelledText):
    """NLTK's `udhr2`: one text in hundreds of languages, cut into pieces of a few words; the class is the language.

    The pieces of a line are in the same split, together with all lines, of any language, that share a piece with it.
    Duplicate pieces within a language are dropped, as is the rest of a line if it is shorter than half a piece.
    Languages are named by their ISO 639-3 code.  Read from the zip in $NLTK_DATA, or downloaded once.

    Args:
        languages: names of files of the archive; null: 38 of the most widespread languages, in eight scripts.
        length: maximum number of characters of a piece; words are split only if the language has no spaces.
        level: the unit of a token: "character", "word", or "subword" (a part of a word).
        vocabulary_size: keep the most frequent tokens, including the special tokens; other tokens are read as <unk>.
            null: keep all.
    """

    def __init__(
        self,
        *,
        languages: list[str] | None = None,
        length: int = 30,
        level: Level = "character",
        vocabulary_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(level=level, vocabulary_size=vocabulary_size, **kwargs)
        self.chosen, self.length = languages, length

    def check_arguments(self) -> None:
        super().check_arguments()
        if self.length < 1:
            raise InputError(f"data.init_args.length: expected 1 character or more, got {self.length}")

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the file."""
        nltk_corpus("udhr2", SHA256, SIZE)

    def load(self) -> dict[Split, list[Example]]:
        with open_archive(nltk_corpus("udhr2", SHA256, SIZE), "NLTK's udhr2") as files:
            available = {name[len("udhr2/") : -len(".txt")] for name in files.namelist() if name.endswith(".txt")}
            chosen = sorted({*(LANGUAGES if self.chosen is None else self.chosen)})
            if unknown := [name for name in chosen if name not in available]:
                raise InputError(f"data.init_args.languages: {expected(unknown[0], available)}")
            texts = {name: files.read(f"udhr2/{name}.txt").decode("utf-8") for name in chosen}
        lines = [(name, pieces(line, self.length)) for name, text in texts.items() for line in text.splitlines()]
        groups = connected_components([[piece.lower() for piece in cut] for _, cut in lines])
        examples = {(piece, name): group for (name, cut), group in zip(lines, groups, strict=True) for piece in cut}
        return {"train": [Example(piece, name, str(group)) for (piece, name), group in examples.items()]}


def pieces(line: str, length: int) -> list[str]:
    """A line in pieces of at most `length` characters; pieces shorter than half of that are dropped."""
    spaced = " ".join(line.split())
    return [piece for piece in wrap(spaced, length, break_on_hyphens=False) if 2 * len(piece) >= length]
