"""The published sets of labelled texts, against independent readings of the same files."""

import csv
import hashlib
import shutil
from collections import Counter

import pytest

from unrolled.data import TREC, AGNews, LibraryDocstrings, MovieReviews, NamesByLanguage, SentencePolarity, TreebankTags
from unrolled.data.datasets import ag_news, library_docstrings, names_by_language, trec, treebank_tags
from unrolled.data.files import download as downloads
from unrolled.data.sequences.labelled_text import Example
from unrolled.errors import InputError


@pytest.fixture
def here(corpora, monkeypatch):
    monkeypatch.setenv("NLTK_DATA", str(corpora / "nltk_data"))
    monkeypatch.setenv("UNROLLED_DATA", str(corpora))
    return corpora


def ready(cls, **arguments):
    data = cls(**arguments)
    data.prepare_data()
    data.setup("fit")
    return data


def reader(cls, corpora, name, pattern, **given):
    from nltk.data import ZipFilePathPointer

    return cls(ZipFilePathPointer(str(corpora / f"nltk_data/corpora/{name}.zip"), f"{name}/"), pattern, **given)


def disjoint(data):
    texts = [{data.read(example.text) for example in data.examples[split]} for split in ("train", "valid", "test")]
    return not texts[0] & texts[1] and not texts[0] & texts[2] and not texts[1] & texts[2]


def test_sentence_polarity(here):
    from nltk.corpus.reader import CategorizedSentencesCorpusReader

    data = ready(SentencePolarity)
    examples = [example for part in data.examples.values() for example in part]
    assert Counter(example.label for example in examples) == {"negative": 5331, "positive": 5331}
    assert {split: len(part) for split, part in data.examples.items()} == {"train": 8530, "valid": 1066, "test": 1066}
    assert disjoint(data)
    nltk = reader(
        CategorizedSentencesCorpusReader, here, "sentence_polarity", r"rt-polarity\.(neg|pos)",
        cat_pattern=r"rt-polarity\.(neg|pos)", encoding="latin-1",
    )  # fmt: skip
    ours = Counter((example.label[:3], "".join(example.text.split())) for example in examples)
    assert ours == Counter((kind, "".join(words)) for kind in ("neg", "pos") for words in nltk.sents(categories=[kind]))


def test_movie_reviews(here):
    from nltk.corpus.reader import CategorizedPlaintextCorpusReader

    nltk = reader(
        CategorizedPlaintextCorpusReader, here, "movie_reviews", r"(?!\.).*\.txt", cat_pattern=r"(neg|pos)/.*"
    )
    read = MovieReviews().load()["train"]
    assert Counter((example.label[:3], example.text) for example in read) == Counter(
        (name[:3], nltk.raw(name)) for name in nltk.fileids()
    )
    assert len(read) == 2000


def test_ag_news(here):
    read = AGNews().load()["train"]
    assert Counter(example.label for example in read) == dict.fromkeys(
        ["World", "Sports", "Business", "Sci/Tech"], 1900
    )
    names = (here / "ag_news/classes.txt").read_text().split("\n")
    with (here / "ag_news/test.csv").open(newline="", encoding="utf-8") as file:
        assert [example.label for example in read] == [names[int(row[0]) - 1] for row in csv.reader(file)]
    assert read[0].text.startswith("Fears for T N pension after talks Unions representing workers")


@pytest.mark.parametrize(("fine", "classes"), [(False, 6), (True, 50)])
def test_trec(here, fine, classes):
    data = TREC(fine=fine)
    loaded = data.load()
    assert {split: len(part) for split, part in loaded.items()} == {"train": 5452, "test": 500}
    assert len({example.label for example in loaded["train"]}) == classes
    assert data.split(loaded)["test"] == loaded["test"]
    if not fine:
        assert Counter(example.label for example in loaded["train"]) == {
            "ENTY": 1250, "HUM": 1223, "DESC": 1162, "NUM": 896, "LOC": 835, "ABBR": 86
        }  # fmt: skip
    assert loaded["train"][0].text == "How did serfdom develop in and then leave Russia ?"


def test_the_folds_of_trec_are_of_its_training_part_and_leave_the_test_alone(here):
    loaded = TREC().load()
    held = []
    for fold in range(5):
        data = TREC(folds=5, fold=fold)
        found = data.split(loaded)
        assert data.fold_split == "valid" and found["test"] == loaded["test"]
        texts = [{data.read(example.text) for example in found[split]} for split in ("train", "valid")]
        assert not texts[0] & texts[1]  # 71 questions stand there twice
        assert sorted(found["train"] + found["valid"]) == sorted(loaded["train"])
        held += found["valid"]
    assert sorted(held) == sorted(loaded["train"])


def test_names_by_language(here):
    data = ready(NamesByLanguage)
    examples = [example for part in data.examples.values() for example in part]
    assert len(data.classes) == 18 and disjoint(data)
    counts = Counter(example.label for example in examples)
    assert counts["Arabic"] == 108 and len({(e.text, e.label) for e in examples}) == len(examples)
    files = (here / "names").glob("*.txt")
    lines = {(path.stem, line.strip()) for path in files for line in path.read_text(encoding="utf-8").split("\n")}
    assert len(examples) == len([line for line in lines if line[1]]) == 18_012
    assert data.vocabulary.level == "character"


def test_treebank_tags_are_those_that_nltk_reads(here):
    from nltk.corpus.reader import BracketParseCorpusReader

    nltk = reader(BracketParseCorpusReader, here, "treebank/combined".partition("/")[0], r"combined/wsj_.*\.mrg")
    data = ready(TreebankTags)
    ours = sorted(sentence for part in data.sentences.values() for sentence in part)
    assert ours == sorted([*map(tuple, sentence)] for sentence in nltk.tagged_sents())
    assert len(ours) == 3914 and sum(map(len, ours)) == 100_676
    assert len({tag for sentence in ours for _, tag in sentence}) == 46
    for split, sentences in data.sentences.items():
        for sentence, row, label in zip(sentences, data.inputs[split], data.labels[split], strict=True):
            assert len(sentence) == len(row) == len(label)
            assert [data.classes[k] for k in label.tolist()] == [tag for _, tag in sentence]


def test_the_most_frequent_tags(monkeypatch):
    said = {
        "train": [[("a", "X"), ("b", "Y"), ("a", "X")], [("b", "Y"), ("c", "X")]],
        "valid": [[("a", "X")]],
        "test": [[("a", "Y"), ("b", "Y"), ("d", "X"), ("d", "Y")]],
    }
    monkeypatch.setattr(TreebankTags, "load", lambda self: said)
    data = TreebankTags()
    data.setup("fit")
    # X always: wrong in 3 of 4; by word a X (wrong), b Y, d unknown so X (one of two wrong)
    assert data.baselines("test") == {"most frequent tag": 0.75, "most frequent tag of the word": 0.5}
    said["test"].append([("e", "Z")])
    with pytest.raises(InputError, match="the test split has the tag Z of 'e', which no training word has"):
        TreebankTags().setup("fit")


def test_a_sentence_and_a_text_without_a_word_are_refused_by_their_row(monkeypatch):
    said = {"train": [[("a", "X"), ("b", "Y")]], "valid": [[("a", "X")], []], "test": []}
    monkeypatch.setattr(TreebankTags, "load", lambda self: said)
    with pytest.raises(InputError, match="^TreebankTags: row 2 of the valid split: expected at least one time step"):
        TreebankTags().setup("fit")
    texts = {split: [Example("a b", "x"), Example("c", "y"), Example(" ", "x")] for split in ("train", "valid", "test")}
    monkeypatch.setattr(AGNews, "load", lambda self: texts)
    with pytest.raises(InputError, match="^AGNews: row 3 of the train split: expected at least one time step, got"):
        AGNews().setup("fit")


def test_sentences_of_a_tree_file():
    trees = "\n( (S \n    (NP (DT A) (NN form) )\n    (. .) ))\n( (S (NP-SBJ (-NONE- *) ) (VP (VB go) ) ))\n"
    assert treebank_tags.sentences(trees) == [
        [("A", "DT"), ("form", "NN"), (".", ".")],
        [("*", "-NONE-"), ("go", "VB")],
    ]


def test_library_docstrings_need_no_download():
    data = ready(LibraryDocstrings, per_library=40)
    examples = [example for part in data.examples.values() for example in part]
    assert data.classes == [*library_docstrings.LIBRARIES] and disjoint(data)
    assert max(Counter(example.label for example in examples).values()) <= 40
    assert not any(name in example.text.lower() for example in examples for name in library_docstrings.LIBRARIES)
    files = [{example.group for example in data.examples[split]} for split in ("train", "valid", "test")]
    assert not files[0] & files[1] and not files[0] & files[2] and not files[1] & files[2]
    assert LibraryDocstrings(per_library=40).load() == LibraryDocstrings(per_library=40).load()


def test_the_first_paragraphs_of_docstrings():
    source = '"""Of a module that uses NumPy\nand torch twice.\n\nMore."""\ndef f():\n    """Too short."""\n'
    assert [*library_docstrings.paragraphs(source)] == ["Of a module that uses _ and _ twice."]
    assert [*library_docstrings.paragraphs("def broken(:")] == []


def test_too_few_docstrings():
    with pytest.raises(InputError, match="per_library: expected 10 or more, got 3"):
        LibraryDocstrings(per_library=3).setup("fit")


@pytest.mark.parametrize(
    ("cls", "module", "wanted"),
    [(AGNews, ag_news, 1), (TREC, trec, 2), (NamesByLanguage, names_by_language, 18)],
    ids=["ag_news", "trec", "names"],
)
def test_without_its_files_a_set_is_downloaded_once(cls, module, wanted, tmp_path, monkeypatch):
    asked = []

    def download(url, target, *, sha256, size):
        asked.append((url, target))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"")
        return target

    monkeypatch.setattr(downloads, "download", download)
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path))
    cls().prepare_data()
    assert len(asked) == wanted == len({url for url, _ in asked})
    assert all(tmp_path in target.parents and url.startswith("https://") for url, target in asked)
    # a second time the files lie there, and here they are the wrong ones
    with pytest.raises(
        InputError, match=r"expected SHA-256 \w{12}\.\.\., got e3b0c44298fc\.\.\.; delete the file and run"
    ):
        cls().prepare_data()
    assert len(asked) == wanted


@pytest.mark.parametrize("cls", [SentencePolarity, MovieReviews, TreebankTags])
def test_a_corpus_of_nltk_is_found_checked_or_downloaded(cls, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(downloads, "download", lambda url, target, **_: asked.append(target))
    monkeypatch.setenv("NLTK_DATA", str(tmp_path / "nltk"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path / "mine"))
    cls().prepare_data()
    (target,) = asked
    assert target.parent == tmp_path / "mine/nltk_data/corpora"
    wrong = tmp_path / "nltk/corpora" / target.name
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(b"not a zip")
    with pytest.raises(InputError, match=f"{target.name}: expected SHA-256"):
        cls().prepare_data()
    assert len(asked) == 1


@pytest.mark.parametrize("cls", [SentencePolarity, MovieReviews, TreebankTags])
def test_a_damaged_archive_of_the_right_digest_is_still_refused(cls, tmp_path, monkeypatch):
    """A disk may fail between the check and the reading."""
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"not a zip")
    monkeypatch.setattr(__import__(cls.__module__, fromlist=["x"]), "nltk_corpus", lambda *_: broken)
    with pytest.raises(InputError, match=r"broken\.zip: expected NLTK's .*, got: .*; delete the file"):
        cls().load()


def test_the_pins_are_those_of_the_files(here):
    for pinned in (ag_news.PART, trec.TRAIN, trec.TEST, *map(names_by_language._remote, names_by_language.FILES)):
        content = (here / pinned.path).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (pinned.sha256, pinned.size)


def test_a_folder_that_is_searched_comes_first(tmp_path, here):
    (tmp_path / "trec").mkdir()
    shutil.copy(here / trec.TEST.path, tmp_path / trec.TEST.path)
    assert downloads.find_or_download(trec.TEST, [tmp_path]) == tmp_path / trec.TEST.path
    assert downloads.find_or_download(trec.TRAIN, [tmp_path]) == here / trec.TRAIN.path
