"""The Universal Declaration of Human Rights: which language is this?"""

from textwrap import wrap
from typing import Any

from unrolled.data.files.archives import open_archive
from unrolled.data.files.download import nltk_corpus
from unrolled.data.sequences.labelled_text import Example, LabelledText
from unrolled.data.splits import Split
from unrolled.data.tokens.vocabulary import Level
from unrolled.errors import InputError
from unrolled.functional.partition import components
from unrolled.suggestions import expected

SHA256, SIZE = "0796c314b09a930c989c6f9d93d226af9af13feccd88496e196c743dd266c7f3", 1653975
LATIN = "cat ces dan deu eng est fin fra hrv hun ind isl ita lit nld nob pol por_PT ron slk slv spa swe swh tur vie zul"
OTHER = "bel bul mkd rus ukr arb pes_1 urd ell_monotonic heb hin"  # Cyrillic, Arabic and other scripts
LANGUAGES = tuple(sorted(f"{LATIN} {OTHER}".split()))


class UDHR(LabelledText):
    """NLTK's `udhr2`: one text in hundreds of languages, cut into pieces of a few words; the class is the language.

    The pieces of one line lie in one split, and with them each line, of whatever language, that has a piece in common.
    A piece that stands twice in a language is kept once; what is left at a line's end is left out where it is shorter
    than half a piece.  Languages go by their ISO 639-3 code.  Read from the zip of $NLTK_DATA or downloaded once.

    Args:
        languages: which ones, as the archive calls them; null: 38 of the most widespread, in eight scripts.
        length: characters of a piece at most; words stay whole where there are blanks.
        level: what a token is: "character", "word", or "subword" (a piece of a word).
        vocabulary_size: keep the most frequent tokens, special ones counted, the rest is read as <unk>; null: keep all.
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
        """Download on one process per machine, before the others look for the file."""
        nltk_corpus("udhr2", SHA256, SIZE)

    def load(self) -> dict[Split, list[Example]]:
        with open_archive(nltk_corpus("udhr2", SHA256, SIZE), "NLTK's udhr2") as files:
            there = {name[len("udhr2/") : -len(".txt")] for name in files.namelist() if name.endswith(".txt")}
            chosen = sorted({*(LANGUAGES if self.chosen is None else self.chosen)})
            if unknown := [name for name in chosen if name not in there]:
                raise InputError(f"data.init_args.languages: {expected(unknown[0], there)}")
            texts = {name: files.read(f"udhr2/{name}.txt").decode("utf-8") for name in chosen}
        lines = [(name, pieces(line, self.length)) for name, text in texts.items() for line in text.splitlines()]
        groups = components([[piece.lower() for piece in cut] for _, cut in lines])
        found = {(piece, name): group for (name, cut), group in zip(lines, groups, strict=True) for piece in cut}
        return {"train": [Example(piece, name, str(group)) for (piece, name), group in found.items()]}


def pieces(line: str, length: int) -> list[str]:
    """A line, with one blank between words, in pieces of at most `length` characters; those below half left out."""
    spaced = " ".join(line.split())
    return [piece for piece in wrap(spaced, length, break_on_hyphens=False) if 2 * len(piece) >= length]
