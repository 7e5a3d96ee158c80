"""Surnames, classified by language."""

import unicodedata
from typing import Any

from unrolled.data.base import Split
from unrolled.data.files.download import RemoteFile, find_or_download
from unrolled.data.sequences.labelled_text import Example, LabelledText
from unrolled.data.tokens.vocabulary import Level

SITE = "https://raw.githubusercontent.com/spro/practical-pytorch/master/data/names"
FILES = {  # bytes and SHA-256 of the file of each language
    "Arabic": (13190, "6f424a8dbe51cbbbabab7a57d38b617210125e4e3991f3c657cb79b8f104bafc"),
    "Chinese": (1246, "09ba8f1f7e38dbc99372d461b26ad4433b811fc6bfa6a3ecca6fe11a9a777465"),
    "Czech": (3916, "e17ab0ec47616a72c39cb85c783f70c3663ab64488721e5d8378f146d2226be7"),
    "Dutch": (2351, "924f32b635170eae561f84538632138fc07d4c8bbd70ba3fb980de1ecc4d2af3"),
    "English": (27125, "9cca037066d3d5989e24bc01801416162de506b5e28e15b7c092a47905d29bf2"),
    "French": (2178, "81e65b36c60ed5b89a17422f6edcadbb89546f38ad69e960e64e7ba682012a95"),
    "German": (5610, "7449cd590b97a733e18d613a4155decd77ec35dc5f8aadd7a82204dce4f051db"),
    "Greek": (1981, "3555b5186de7f401e6d991b088e9e644ca3099116477818c25ab5793801389e6"),
    "Irish": (1858, "cf8c7013256252a88d2503127b87282a11f21b2ff6db1bded68834c19a1ec058"),
    "Italian": (5657, "f88414c27d0606a11a678b4859277828c2565d6cc4d9ee932deef6e94f3b35e4"),
    "Japanese": (7622, "e0e717e114fec3e7eade4d9dabe0067c475f43147e36a22b47902ee76ad9e67f"),
    "Korean": (423, "cd54221ccb362a6cba4c78828838cf3268a0e59744767a37cf6ec4b74036b136"),
    "Polish": (1165, "45bab898af2f60ed3a728bbf6980e28821011a7caa53227553b5785903a40826"),
    "Portuguese": (554, "50a8735f41f4f73757c8ce5b16cb0275cd86b2b214bcbc8c9805f508cb131c53"),
    "Russian": (85168, "0cfe53ac18041e8f63666aa77313e0a3ff378facb132abee052d8ebdc8c3d62c"),
    "Scottish": (752, "78d0252711d87d948ea86fe34826c51d2d794a8e52d15b5d6f7b6244d45d62dd"),
    "Spanish": (2284, "1bcb462ed3316756a85781d68232bddae04498fdddd5d9219c53fd1fbdeba7a7"),
    "Vietnamese": (339, "f3f9e4164ab47601178a6e45b216464a64122f49d05541f24bf18a757253281d"),
}


class NamesByLanguage(LabelledText):
    """18,012 surnames in 18 languages, as characters; very unbalanced, half of them Russian (PyTorch's tutorials, MIT).

    Duplicates within a language are dropped.  A name of several languages is in one split with all of them, so some of
    its labels cannot be predicted.  Read from the data folder, or downloaded once.

    Args:
        level: the unit of a token: "character", "word" or "subword".
        vocabulary_size: keep the most frequent tokens, including the special tokens; other tokens are read as <unk>.
            null: keep all.
    """

    def __init__(self, *, level: Level = "character", vocabulary_size: int | None = None, **kwargs: Any) -> None:
        super().__init__(level=level, vocabulary_size=vocabulary_size, **kwargs)

    def prepare_data(self) -> None:
        """Download once per machine, before the other processes look for the files."""
        for language in FILES:
            find_or_download(_remote(language))

    def load(self) -> dict[Split, list[Example]]:
        examples = []
        for language in FILES:
            lines = find_or_download(_remote(language)).read_text(encoding="utf-8").splitlines()
            names = [unicodedata.normalize("NFC", line.strip()) for line in lines]
            examples += [Example(name, language) for name in dict.fromkeys(names) if name]
        return {"train": examples}


def _remote(language: str) -> RemoteFile:
    size, digest = FILES[language]
    return RemoteFile(f"{SITE}/{language}.txt", f"names/{language}.txt", digest, size)
