"""Pairs from files: splits, vocabularies, batches, and what is refused."""

import gzip
import hashlib
import zipfile
from itertools import chain
from pathlib import Path

import pytest
import torch

from unrolled.data import EnglishFrench, HangulNames, Multi30k, PairFiles, PairTable, Reverse
from unrolled.data.datasets import multi30k
from unrolled.data.translation.pair_loader import PairLoader
from unrolled.data.translation.pair_vocabulary import PairVocabulary
from unrolled.data.translation.sentences import prepare, split_by_source, subsample
from unrolled.errors import InputError
from unrolled.functional.translation import BEGIN, END, UNKNOWN, up_to_end


def write(path, text, encoding="utf-8"):
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return str(path)


@pytest.fixture
def table(tmp_path):
    lines = ["id\ten\tde", *(f"{n}\tthe word {n}\tdas Wort {n}" for n in range(300))]
    return write(tmp_path / "pairs.tsv", "\n".join(lines) + "\n")


def ready(data):
    data.setup("fit")
    return data


# -------------------------------------------------------------------------------------------------------- vocabulary


def test_the_special_tokens_are_numbered_alike_on_both_sides():
    vocabulary = PairVocabulary.build(["b a b", "c b"], "word")
    assert [vocabulary.tokens[n] for n in (UNKNOWN, BEGIN, END)] == ["<unk>", "<bos>", "<eos>"]
    assert vocabulary.tokens[3:] == ["b", "a", "c"] and vocabulary.encode("a x b").tolist() == [4, UNKNOWN, 3]
    assert vocabulary.write([3, 4]) == "b a" and len(PairVocabulary.build(["b a b"], "word", 4)) == 4
    letters = PairVocabulary.build(["ab a"], "character")
    assert letters.write(letters.encode("a b").tolist()) == "a b"


def test_a_vocabulary_refuses_what_is_none():
    with pytest.raises(InputError, match="expected <unk>, <bos>, <eos> first"):
        PairVocabulary(["a", "b"], "word")
    with pytest.raises(InputError, match="expected more than 3, got 3"):
        PairVocabulary.build(["a"], "word", 3)


# ------------------------------------------------------------------------------------------------------------ batches


@pytest.mark.parametrize("shuffled", [None, 3])
@pytest.mark.parametrize(("pairs", "rows", "world"), [(103, 8, 1), (103, 8, 3), (6, 8, 2), (8, 1, 2)])
def test_each_pair_is_read_once_an_epoch_by_one_process(pairs, rows, world, shuffled):
    made = [(torch.full((1 + n % 5,), n + 3), torch.full((2,), n + 3)) for n in range(pairs)]
    loaders = [PairLoader(made, rows, shuffled, rank, world) for rank in range(world)]
    assert len({len(loader) for loader in loaders}) == 1
    read = [int(row[0]) for loader in loaders for batch in loader for row in batch.source]
    assert sorted(read) == [n + 3 for n in range(pairs)]
    assert all(len(batch.source) <= rows for loader in loaders for batch in loader)


def test_the_order_is_a_function_of_the_seed_and_the_epoch():
    made = [(torch.tensor([n]), torch.tensor([n])) for n in range(50)]

    def read(seed, epoch):
        loader = PairLoader(made, 8, seed)
        loader.set_epoch(epoch)
        return torch.cat([batch.source[:, 0] for batch in loader]).tolist()

    assert read(1, 0) == read(1, 0) and len({tuple(read(*key)) for key in ((1, 0), (1, 1), (2, 0))}) == 3


def test_a_loader_goes_on_in_the_middle_of_an_epoch():
    data = ready(Reverse(train_pairs=60, eval_pairs=5, batch_size=8))
    first = data.train_dataloader()
    batches = iter(first)
    for _ in range(3):
        next(batches)
    second = data.train_dataloader()
    second.load_state_dict(first.state_dict())
    for mine, theirs in zip(batches, second, strict=True):
        assert torch.equal(mine.source, theirs.source)


def test_pairs_of_similar_length_stand_together():
    data = ready(Reverse(train_pairs=3200, eval_pairs=5, batch_size=32))
    steps = [batch.source_lengths.float() for batch in data.train_dataloader()]
    assert torch.stack([lengths.std() for lengths in steps]).mean() < 1 < torch.cat(steps).std()


# --------------------------------------------------------------------------------------------------------- generated


def test_reverse():
    arguments = {"symbols": 9, "shortest_string": 2, "longest_string": 6, "train_pairs": 500, "eval_pairs": 50}
    data = ready(Reverse(**arguments))
    for source, target in chain(*data.texts.values()):
        assert target.split() == source.split()[::-1] and 2 <= len(source.split()) <= 6
    assert {len(s.split()) for s, _ in data.texts["train"]} == {2, 3, 4, 5, 6} and len(data.vocabulary) == 12
    assert data.texts == ready(Reverse(**arguments)).texts
    assert data.texts["valid"] != data.texts["test"]
    batch = next(iter(data.val_dataloader()))
    assert data.write(up_to_end(batch.targets)[0]) in [target for _, target in data.texts["valid"]]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"symbols": 0}, "symbols: expected 1 or more"),
        ({"longest_string": 1, "shortest_string": 2}, "at least shortest"),
    ],
)
def test_reverse_refuses(wrong, named):
    with pytest.raises(InputError, match=named):
        Reverse(**wrong).setup("fit")


def test_hangul():
    data = ready(HangulNames(eval_pairs=700))
    pairs = [*chain(*data.texts.values())]
    assert len(pairs) == 11172 == len({source for source, _ in pairs}) and len(data.texts["test"]) == 700
    told = dict(pairs)
    # Revised spellings of three, two and three letters: HAN, GEUL is written GEUL, and SSANG with a double consonant
    assert told["\u1112\u1161\u11ab"] == "han" and told["\u1100\u1173\u11af"] == "geul" and told["\u1100\u1161"] == "ga"
    assert {len(source) for source, _ in pairs} == {2, 3} and len(data.source_vocabulary) == 3 + 19 + 21 + 27
    assert data.prepare("한") == "\u1112\u1161\u11ab"
    said, names = data.baselines("test")["dictionary"], [name for _, name in data.texts["test"]]
    assert len(said) == 700 and all(said) and not all(map(str.__eq__, said, names))


def test_the_dictionary_of_hangul_by_hand():
    data = HangulNames()
    data.texts = {"train": [("\u1112\u1161\u11ab", "han"), ("\u1100\u1161", "ga")], "test": [("\u1112\u1161", "ha")]}
    assert data.baselines("test") == {"dictionary": ["han"]}
    data.texts["test"] = [("\u1102\u1161", "na"), ("\u1102\u1162\u11ab", "naen")]
    assert data.baselines("test") == {"dictionary": ["ga", ""]}  # another initial; two letters apart from all


# -------------------------------------------------------------------------------------------------------------- files


def test_a_table(table):
    data = ready(PairTable(table, source="en", target="de", valid_fraction=0.1, test_fraction=0.2, longest=3))
    assert sum(map(len, data.texts.values())) == 300
    assert ("the word 7", "das Wort 7") in [*chain(*data.texts.values())]
    assert 30 < len(data.texts["test"]) < 90 and 10 < len(data.texts["valid"]) < 60
    assert data.sizes()["source_vocabulary_size"] == len(data.source_vocabulary)
    assert data.sizes()["vocabulary_size"] == len(data.vocabulary) and data.sizes()["level"] == "word"
    first = data.texts["valid"][0][0].split()[-1]
    assert UNKNOWN in data.source_vocabulary.encode(first).tolist()  # a number of the validation part alone


def test_a_source_sentence_stands_in_one_split():
    pairs = [(f"s{n % 400}", f"t{n}") for n in range(2000)]
    splits = split_by_source(pairs, 0.2, 0.1)
    sources = [{source for source, _ in part} for part in splits.values()]
    assert sum(map(len, sources)) == 400 == len(set.union(*sources)) and sum(map(len, splits.values())) == 2000
    assert 20 < len(sources[2]) < 60 < len(sources[1]) < 110


def test_long_pairs_are_left_out_and_counted(table):
    data = PairTable(table, source="en", target="de", longest=2)
    with pytest.raises(InputError, match=r"train split: expected pairs, got none: (\d+) of \1 are longer than 2"):
        data.setup("fit")
    data = ready(PairTable(table, source="en", target="de", level="character", longest=11))
    assert all(len(side) <= 11 for pair in chain(*data.texts.values()) for side in pair)
    assert sum(map(len, data.texts.values())) + sum(data.num_dropped.values()) == 300 and data.num_dropped["train"] > 0


def test_limits_are_spread_over_all(table):
    assert subsample([*range(10)], 4) == [0, 2, 5, 7] and subsample([1, 2], 5) == [1, 2] and subsample([1], None) == [1]
    data = ready(PairTable(table, source="en", target="de", train_limit=20, eval_limit=3))
    assert [len(data.texts[part]) for part in ("train", "valid", "test")] == [20, 3, 3]


def test_how_a_sentence_is_prepared():
    assert (
        prepare("  a\tb  c ") == "a b c"
        and prepare("L'été, NON!", lowercase=True, punctuation=True) == "l' été , non !"
    )
    assert prepare("e\u0301") == "\u00e9" and prepare("\u00e9", form="NFD") == "e\u0301"


def test_two_files(tmp_path):
    ours = write(tmp_path / "a.txt", "".join(f"one {n}\n" for n in range(200)))
    theirs = write(tmp_path / "b.txt", "".join(f"eins {n}\r\n" for n in range(200)))
    data = ready(PairFiles(ours, theirs))
    assert ("one 5", "eins 5") in [*chain(*data.texts.values())]
    assert data.baselines("test") == {"copy": [source for source, _ in data.texts["test"]]}


def test_a_missing_file_is_told_with_its_argument(tmp_path):
    path = write(tmp_path / "a.txt", "a\n")
    with pytest.raises(InputError, match=r"none: expected .*, got no such file; check data.init_args.target_path$"):
        PairFiles(path, str(tmp_path / "none")).setup("fit")


@pytest.mark.parametrize(
    ("ours", "theirs", "named"),
    [
        ("a\nb\n", "x\n", r"a.txt, .*b.txt: expected as many lines in both, got 2 and 1"),
        ("a\n\nc\n", "x\ny\nz\n", r"a.txt, line 2: expected a sentence, got an empty line"),
        ("a\nb\n", "x\n \n", r"b.txt, line 2: expected a sentence"),
        (b"a\nb\xff\n", "x\ny\n", r"a.txt: expected UTF-8, got byte 0xff at offset 3"),
    ],
)
def test_files_that_are_refused(tmp_path, ours, theirs, named):
    with pytest.raises(InputError, match=named) as refused:
        PairFiles(write(tmp_path / "a.txt", ours), write(tmp_path / "b.txt", theirs)).setup("fit")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "given", "named"),
    [
        (None, {"source": "fr", "target": "de"}, r"source: expected a column of .* \(id, en, de\), got 'fr'"),
        ("en\tde\na\t \n", {}, "line 2: expected a sentence in each column, de is empty; fill"),
        ("en\tde\n\u200b\tb\n", {}, "line 2: expected a sentence in each column, en is empty; fill"),
        ("en\tde\na\tb\nc\n", {}, "line 3: expected 2 columns as in its first line, got 1"),
        ("en\tde\na\rb\tc\n", {}, "line 2: expected 2 columns as in its first line, got 1"),
        ('en,de\n"a,b\nc,d\n', {"separator": ","}, "line 2: expected a table, got: unexpected end of data"),
        ("en,de\na,b\n", {}, r"\(en,de\), got 'en'; name one, or set data.init_args.separator"),
        ("en\tde\n", {}, "train split: expected pairs, got none: the split has none"),
        (None, {"separator": "ab"}, "separator: expected one character"),
        (None, {"valid_fraction": 0.0}, r"valid_fraction: expected a fraction in \(0, 1\), got 0.0"),
        (None, {"test_fraction": float("nan")}, r"test_fraction: expected a fraction in \(0, 1\), got nan"),
        (None, {"test_fraction": 0.0}, r"test_fraction: expected a fraction in \(0, 1\), got 0.0"),
        (
            None,
            {"valid_fraction": 0.6, "test_fraction": 0.4},
            r"valid_fraction \+ test_fraction: expected less than 1, got 1; nothing is left to train on",
        ),
        (None, {"longest": 0}, "longest: expected 1 or more, got 0"),
        (None, {"level": "syllable"}, "level: expected character, word or subword, got 'syllable'"),
    ],
)
def test_tables_that_are_refused(tmp_path, table, text, given, named):
    path = table if text is None else write(tmp_path / "own.tsv", text)
    with pytest.raises(InputError, match=named):
        PairTable(path, **{"source": "en", "target": "de", **given}).setup("fit")


def test_fields_of_any_length_and_of_several_lines(tmp_path):
    """131,072 characters are as many as csv takes by itself."""
    long = "a " * 70_000
    path = write(tmp_path / "own.csv", f'en,de\n"one\ntwo",b\n{long},c\n')
    splits = PairTable(path, source="en", target="de", separator=",").load()
    found = {source.strip(): target for part in splits.values() for source, target in part}
    assert found == {"one\ntwo": "b", long.strip(): "c"}


def test_another_vocabulary_is_refused(table):
    mine, other = (ready(PairTable(table, source="en", target="de", train_limit=n)) for n in (50, 20))
    mine.load_state_dict(mine.state_dict())
    with pytest.raises(InputError, match=r"its source vocabulary \(\d+ words\) is not that of these"):
        mine.load_state_dict(other.state_dict())


def test_english_french_from_a_zip(tmp_path, monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path))
    (tmp_path / "eng-fra").mkdir()
    with zipfile.ZipFile(tmp_path / "eng-fra" / "fra-eng.zip", "w") as made:
        made.writestr("fra.txt", "".join(f"Go {n}!\tVa {n} !\tCC-BY\n" for n in range(200)))
    data = ready(EnglishFrench())
    assert ("go 7 !", "va 7 !") in [*chain(*data.texts.values())]
    (tmp_path / "eng-fra" / "fra-eng.zip").write_bytes(b"nothing")
    with pytest.raises(InputError, match="fra-eng.zip: expected fra.txt"):
        EnglishFrench().setup("fit")


def test_english_french_as_it_is(shared_data, monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", str(Path(shared_data("eng-fra")).parent))
    splits = EnglishFrench().load()
    assert sum(map(len, splits.values())) == 142787
    sources = [{source for source, _ in part} for part in splits.values()]
    assert sum(map(len, sources)) == 98659 == len(set.union(*sources))
    assert all(0.045 < len(part) / 98659 < 0.055 for part in sources[1:])


def test_multi30k(tmp_path, monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path))
    (tmp_path / "multi30k").mkdir()
    for part, lines in (("train", 30), ("val", 5), ("test_2016_flickr", 4)):
        for language in ("en", "cs"):
            told = "".join(f"{language} {part} {n}.\n" for n in range(lines))
            (tmp_path / "multi30k" / f"{part}.{language}.gz").write_bytes(gzip.compress(told.encode()))
    data = ready(Multi30k(source="cs", target="en"))
    assert data.texts["valid"][2] == ("cs val 2 .", "en val 2 .")
    assert {part: len(pairs) for part, pairs in data.texts.items()} == {"train": 30, "valid": 5, "test": 4}
    (tmp_path / "multi30k" / "val.cs.gz").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"val\.cs\.gz: expected a gzip file of UTF-8 text"):
        Multi30k(source="cs", target="en").setup("fit")


@pytest.mark.parametrize(
    ("given", "named"),
    [({"source": "nl"}, "source: expected en, de, fr, cs, got 'nl'"), ({"source": "de"}, "got de twice")],
)
def test_multi30k_refuses(given, named):
    with pytest.raises(InputError, match=named):
        Multi30k(**given).setup("fit")


def test_multi30k_as_it_is(shared_data, monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", str(Path(shared_data("multi30k")).parent))
    for name, (size, sha256) in multi30k.FILES.items():
        content = (Path(shared_data("multi30k")) / f"{name}.gz").read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256)
    splits = Multi30k(source="en", target="de").load()
    assert {part: len(pairs) for part, pairs in splits.items()} == {"train": 29000, "valid": 1014, "test": 1000}
    assert splits["train"][0][0].startswith("Two young, White males") and "Männer" in splits["train"][0][1]


def test_hangul_refuses():
    with pytest.raises(InputError, match="data.init_args.level: expected character, got word"):
        HangulNames(level="word").setup("fit")
    with pytest.raises(InputError, match="eval_pairs: expected 1 to 5585, got 6000"):
        HangulNames(eval_pairs=6000).setup("fit")
