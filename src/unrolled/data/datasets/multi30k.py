"""Multi30k: image captions in English, German, French and Czech."""

import gzip
from pathlib import Path
from typing import Any, Literal

from unrolled.data.base import Split
from unrolled.data.files.download import data_folder, download
from unrolled.data.translation.pair_data import PairData
from unrolled.data.translation.pair_files import pair_lines
from unrolled.data.translation.sentences import Pair
from unrolled.errors import InputError

Language = Literal["en", "de", "fr", "cs"]
LANGUAGES = ("en", "de", "fr", "cs")
URL = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"
PARTS: dict[Split, str] = {"train": "train", "valid": "val", "test": "test_2016_flickr"}
FILES = {  # bytes and SHA-256 of each gzip file
    "test_2016_flickr.cs": (22572, "200a4a74cc9560f051924abb9803be008d1908d77f747e9141aeb86dfd2797f1"),
    "test_2016_flickr.de": (22890, "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8"),
    "test_2016_flickr.en": (21077, "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9"),
    "test_2016_flickr.fr": (22310, "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90"),
    "train.cs": (593827, "a65adb8b32e3bc664f21ecba7a6e7f6950fd1f405e135f7c312faabdb6255077"),
    "train.de": (637044, "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6"),
    "train.en": (568929, "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f"),
    "train.fr": (604242, "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c"),
    "val.cs": (22096, "b63226e05c4bd5dd6a42897d74b86a1b9d2c31498252c572b1ea7f7996927fcc"),
    "val.de": (24681, "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a"),
    "val.en": (21650, "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28"),
    "val.fr": (23001, "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9"),
}


class Multi30k(PairData):
    """29,000 training, 1,014 validation and 1,000 test captions (task 1; no licence stated, for research use).

    Read from multi30k/ in the data folder; missing files are downloaded once.  Source: Elliott, Frank,
    Sima'an & Specia 2016, "Multi30K: multilingual English-German image descriptions".

    Args:
        source: the source language: en, de, fr or cs.
        target: the target language.
        lowercase: whether to convert sentences to lower case.
        punctuation: whether punctuation marks are separate tokens.
    """

    def __init__(
        self,
        *,
        source: Language = "en",
        target: Language = "de",
        lowercase: bool = True,
        punctuation: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(lowercase=lowercase, punctuation=punctuation, **kwargs)
        self.source, self.target = source, target

    def check_arguments(self) -> None:
        super().check_arguments()
        for name in ("source", "target"):
            if (value := getattr(self, name)) not in LANGUAGES:
                raise InputError(f"data.init_args.{name}: expected {', '.join(LANGUAGES)}, got {value!r}")
        if self.source == self.target:
            raise InputError(f"data.init_args.target: expected another language than source, got {self.target} twice")

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the files."""
        self.check_arguments()
        for part in PARTS.values():
            for language in (self.source, self.target):
                caption_file(part, language)

    def load(self) -> dict[Split, list[Pair]]:
        return {
            split: pair_lines({f"{part}.{side}": captions(part, side) for side in (self.source, self.target)})
            for split, part in PARTS.items()
        }


def caption_file(part: str, language: str) -> Path:
    """A gzip file in the data folder, downloaded there if it is missing."""
    path = data_folder() / "multi30k" / f"{part}.{language}.gz"
    size, sha256 = FILES[f"{part}.{language}"]
    return path if path.is_file() else download(f"{URL}/{path.name}", path, sha256=sha256, size=size)


def captions(part: str, language: str) -> str:
    """The captions of a part in one language, one per line.

    Raises:
        InputError: a damaged file.
    """
    path = caption_file(part, language)
    try:
        return gzip.decompress(path.read_bytes()).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise InputError(
            f"{path}: expected a gzip file of UTF-8 text, got: {error}; delete it to download it again"
        ) from error
