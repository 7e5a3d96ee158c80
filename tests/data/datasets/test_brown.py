import pytest

from unrolled.data import BrownCorpus
from unrolled.data.datasets import brown
from unrolled.errors import InputError


@pytest.fixture
def nltk_data(corpora, monkeypatch):
    monkeypatch.setenv("NLTK_DATA", str(corpora / "nltk_data"))
    return corpora / "nltk_data"


def test_the_sentences_are_those_that_nltk_reads(nltk_data):
    from nltk.corpus.reader import CategorizedTaggedCorpusReader
    from nltk.data import ZipFilePathPointer

    reader = CategorizedTaggedCorpusReader(
        ZipFilePathPointer(str(nltk_data / "corpora/brown.zip"), "brown/"), r"c[a-z]\d\d", cat_file="cats.txt"
    )
    data = BrownCorpus(level="word", vocabulary_size=10_000)
    data.setup()
    names = brown.split_files("\n".join(f"{name} {reader.categories(name)[0]}" for name in reader.fileids()))
    for split in ("valid", "test"):
        expected = "".join(" ".join(sentence) + "\n" for sentence in reader.sents(names[split]))
        assert data.text(split) == expected
    assert len(data.vocabulary) == 10_000
    assert sum(len(tokens) for tokens in data.tokens.values()) == 1_161_192 + 57_340  # words and sentence ends
    for split in names:
        assert {category for name in names[split] for category in reader.categories(name)} == set(reader.categories())


def test_whole_files_are_dealt_eight_to_one_to_one():
    categories = "\n".join(
        f"c{letter}{i:02} {letter}" for letter, n in (("a", 44), ("m", 6), ("r", 9)) for i in range(n)
    )
    names = brown.split_files(categories)
    assert {split: len(files) for split, files in names.items()} == {"train": 47, "valid": 6, "test": 6}
    assert names["test"] == ["ca09", "ca19", "ca29", "ca39", "cm05", "cr08"]
    assert len(set().union(*names.values())) == 59


def test_a_damaged_archive(tmp_path, monkeypatch):
    monkeypatch.setenv("NLTK_DATA", str(tmp_path))
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora/brown.zip").write_bytes(b"not a zip")
    with pytest.raises(InputError, match=r"brown\.zip: expected NLTK's Brown corpus, got: .*; delete the file"):
        BrownCorpus().setup()


def test_without_the_corpus_it_is_downloaded_once(tmp_path, monkeypatch):
    asked = []

    def download(url, target, *, sha256, size):
        asked.append((url.rpartition("/")[2], target, len(sha256)))
        target.parent.mkdir(parents=True)
        target.write_bytes(b"")
        return target

    monkeypatch.setattr(brown, "download", download)
    monkeypatch.setenv("NLTK_DATA", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path / "mine"))
    BrownCorpus().prepare_data()
    BrownCorpus().prepare_data()
    assert asked == [("brown.zip", tmp_path / "mine/nltk_data/corpora/brown.zip", 64)]
