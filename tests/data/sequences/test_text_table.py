"""The user's own texts: what is read, what is split, and what is refused in one line."""

import pytest
import torch

from unrolled.cli import main
from unrolled.data import TextTable
from unrolled.data.sequences.labelled_text import Example
from unrolled.data.tokens.vocabulary import UNKNOWN
from unrolled.errors import InputError, InputWarning
from unrolled.functional.batch import IGNORE


def table(tmp_path, text, name="mine.csv", **arguments):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return TextTable(str(path), **arguments)


def ready(*args, **arguments):
    data = table(*args, **arguments)
    data.setup("fit")
    return data


ROWS = "".join(
    f'"Film {i}, it\'s {word}!",{label}\n' for i in range(30) for word, label in (("good", "yes"), ("dull", "no"))
)
GOOD = f"text,label\n{ROWS}"


def test_texts_become_rows_with_the_class_at_their_last_step(tmp_path):
    data = ready(tmp_path, GOOD)
    assert data.classes == ["no", "yes"] and data.sizes() == {"vocabulary_size": len(data.vocabulary), "classes": 2}
    assert {split: len(rows) for split, rows in data.inputs.items()} == {"train": 48, "valid": 6, "test": 6}
    for split in ("train", "valid", "test"):
        for example, row, label in zip(data.examples[split], data.inputs[split], data.labels[split], strict=True):
            assert torch.equal(row, data.encode(example.text))
            assert data.classes[int(label)] == example.label == ("yes" if "good" in example.text else "no")
    batch = next(iter(data.val_dataloader()))
    assert batch.targets[:, :-1].eq(IGNORE).all() and batch.targets[:, -1].tolist().count(IGNORE) == 0


def test_words_marks_and_case(tmp_path):
    data = ready(tmp_path, GOOD)
    assert data.vocabulary.decode(data.encode("It's  GOOD, film!")) == "it's good , film !"
    assert data.vocabulary.decode(data.encode("zebra")) == UNKNOWN
    cased = ready(tmp_path, GOOD, lower_case=False, level="character", vocabulary_size=None)
    assert cased.vocabulary.decode(cased.encode(" Film it's good ")) == "Film it's good"


def test_the_vocabulary_is_of_the_training_part_alone(tmp_path):
    rows = "train,a x,1\ntrain,b y,2\nvalid,c,1\ntest,d,2\n"
    data = ready(tmp_path, f"part,text,label\n{rows}", split_column="part")
    assert sorted(data.vocabulary.tokens)[-4:] == ["a", "b", "x", "y"]
    assert [data.vocabulary.decode(data.inputs[split][0]) for split in ("valid", "test")] == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize("group", [None, "author"])
def test_what_belongs_together_lies_in_one_split(tmp_path, group):
    rows = "".join(f"text {i % 24} a,{'ab'[i // 2 % 2]},w{i % 12}\n" for i in range(120))
    data = ready(tmp_path, f"text,label,author\n{rows}", group_column=group, valid_fraction=0.2, test_fraction=0.3)
    key = (lambda example: example.group) if group else (lambda example: example.text)
    homes = [{key(example) for example in data.examples[split]} for split in ("train", "valid", "test")]
    assert all(homes) and not homes[0] & homes[1] and not homes[0] & homes[2] and not homes[1] & homes[2]


def test_folds(tmp_path):
    tests = [ready(tmp_path, GOOD, folds=5, fold=fold).examples["test"] for fold in range(5)]
    assert sorted(example.text for test in tests for example in test) == sorted(
        example.text for part in ready(tmp_path, GOOD).examples.values() for example in part
    )


def test_the_texts_that_repeat_lie_in_one_fold(tmp_path):
    rows = "".join(f"text {i % 12} a,{'ab'[i % 2]}\n" for i in range(60))
    held = []
    for fold in range(4):
        data = ready(tmp_path, f"text,label\n{rows}", folds=4, fold=fold)
        homes = [{example.text for example in data.examples[split]} for split in ("train", "valid", "test")]
        assert all(homes) and not homes[0] & homes[1] and not homes[0] & homes[2] and not homes[1] & homes[2]
        held += homes[2]
    assert sorted(held) == sorted({f"text {i} a" for i in range(12)})


def test_several_labels_of_a_row(tmp_path):
    text = "text,label\n" + "".join(f"film {i} good,{('fun; sad', 'sad', '')[i % 3]}\n" for i in range(60))
    data = ready(tmp_path, text, label_separator=";")
    assert data.classes == ["fun", "sad"] and data.sizes()["classes"] == 2
    for split in ("train", "valid", "test"):
        for example, label in zip(data.examples[split], data.labels[split], strict=True):
            number = int(example.text.split()[1])
            assert label.tolist() == [[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]][number % 3]
    batch = next(iter(data.val_dataloader()))
    assert batch.targets.shape[2] == 2 and batch.targets[:, :-1].isnan().all()
    assert not batch.targets[:, -1].isnan().any()
    saved = data.state_dict()
    ready(tmp_path, text, label_separator=";").load_state_dict(saved)
    assert data.baselines("test").keys() == {"majority class", "TF-IDF logistic regression"}


def test_the_baselines_of_several_labels_are_their_mean(tmp_path):
    """Of the label that every training row has, none is wrong; of the other a third, and its words tell it."""
    rows = "".join(f"train,{'warm' if i % 3 else 'cold'} {i},all{';hot' if i % 3 else ''}\n" for i in range(30))
    held = "valid,warm 1,all;hot\nvalid,cold 2,all\ntest,warm 3,all;hot\ntest,cold 4,all\ntest,cold 5,\n"
    data = ready(tmp_path, f"part,text,label\n{rows}{held}", split_column="part", label_separator=";")
    found = data.baselines("test")
    # all: wrong in the last of 3 rows; hot: the majority has it, so wrong in 2 of 3, and the words are right
    assert found["majority class"] == pytest.approx((1 / 3 + 2 / 3) / 2)
    assert found["TF-IDF logistic regression"] == pytest.approx((1 / 3 + 0) / 2)


def test_the_language_of_a_row(tmp_path):
    text = "text,label,tongue\n" + "".join(f"w{i},{'ab'[i % 2]}, {['en', 'de'][i % 2]} \n" for i in range(40))
    data = ready(tmp_path, text, language_column="tongue")
    assert data.languages("test") == [{"a": "en", "b": "de"}[example.label] for example in data.examples["test"]]
    assert ready(tmp_path, text).languages("test") == []


def test_a_text_longer_than_csv_takes_by_itself(tmp_path):
    words = "long " * 30_000
    data = ready(tmp_path, GOOD + f"{words},yes\n{words},no\n")
    assert max(len(row) for split in ("train", "valid", "test") for row in data.inputs[split]) == 30_000


def test_tabs(tmp_path):
    data = ready(
        tmp_path, "text\tlabel\none, two\ta\nthree\tb\nfour\ta\n", "mine.tsv", valid_fraction=0.34, test_fraction=0.0
    )
    assert {example.text for part in data.examples.values() for example in part} == {"one, two", "three", "four"}


@pytest.mark.parametrize(("policy", "longest"), [("truncate", 3), ("chunk", 7)])
def test_over_long_texts(tmp_path, policy, longest, recwarn):
    data = ready(tmp_path, GOOD, max_length=3, over_long=policy)
    assert {len(row) for row in data.inputs["train"]} == {6 if longest == 7 else 3}
    assert data.num_over_long == {"train": 48, "valid": 6, "test": 6}
    text = {"truncate": "48 truncated to 3", "chunk": "48 split into chunks of 3"}[policy]
    assert text in data.summary("train") and data.summary("train").startswith("train 48 of ")
    assert max(batch.inputs.shape[1] for batch in data.train_dataloader()) == 3


def test_a_checkpoint_of_other_texts_is_refused(tmp_path):
    first = ready(tmp_path, GOOD)
    saved = first.state_dict()
    ready(tmp_path, GOOD).load_state_dict(saved)
    empty = table(tmp_path, GOOD)
    empty.load_state_dict(saved)
    assert empty.classes == first.classes and torch.equal(empty.encode("good film"), first.encode("good film"))
    with pytest.raises(InputError, match=r"^checkpoint: its vocabulary \(words, \d+ tokens\) is not this text's"):
        ready(tmp_path, GOOD.replace("good", "fine")).load_state_dict(saved)
    with pytest.raises(InputError, match=r"^checkpoint: its classes are no, yes, this data has ja, no"):
        ready(tmp_path, GOOD.replace(",yes", ",ja")).load_state_dict(saved)


def test_texts_without_a_known_word_are_counted(tmp_path):
    rows = "train,a b,1\ntrain,b a,2\nvalid,c d,1\nvalid,a,1\n"
    with pytest.warns(InputWarning, match=r"1 of 2 texts of the valid split \(50.0%\) have no known token"):
        ready(tmp_path, f"part,text,label\n{rows}", split_column="part", test_fraction=0.0)


RARE = 13  # a row that the seed holds out
BAD = {
    "missing column": (
        "body,label\na,b\n",
        {},
        r"expected a column 'text', got body, label; set data.init_args.text_column",
    ),
    "nearest column": ("texts,label\na,b\n", {}, r"expected a column 'text', got texts, label; did you mean texts\?"),
    "one class": (
        "text,label\n" + "".join(f"{word},x\n" for word in "abcdefghij"),
        {},
        r"column 'label': expected at least two classes in the training split, got 1 \(x\), so ",
    ),
    "empty rows": (
        'text,label\na,x\n ,y\n!,x\n"",y\n',
        {},
        r"column 'text': expected text in each row, got none in row 2, 4;",
    ),
    "empty label": ("text,label\na,x\nb,\n", {}, r"column 'label': expected text in each row, got none in row 2;"),
    "fields": ("text,label\na,x\nb,y,z\n", {}, r"row 2: expected 2 fields \(text, label\), got 3; quote a field that"),
    "too few": (
        "text,label\na,x\nb\n",
        {},
        r"row 2: expected 2 fields \(text, label\), got 1; give it a field for each",
    ),
    "blank lines": ("\ntext,label\n\na,x\n\nb\n", {}, r"row 2 \(line 6\): expected 2 fields"),
    "lines in quotes": (
        'text,label\n"a\n\nb",x\n,y\nc,x\n,y\n',
        {},
        r"got none in row 2 \(line 5\), 4 \(line 7\); fill",
    ),
    "a space of no width": ("text,label\na,x\n\u200b \ufeff,y\n", {}, r"expected text in each row, got none in row 2;"),
    "semicolons": (
        "text;label\na;x\n",
        {},
        r"got text;label; separate the fields with commas, or with tabs in a .tsv file$",
    ),
    "tabs": (
        "text\tlabel\na\tx\n",
        {},
        r"got 'text\\tlabel'; separate the fields with commas, or with tabs in a .tsv file$",
    ),
    "a workbook": (
        "PK\x03\x04\x00\x01\n",
        {},
        r"expected a table as text, got a workbook or .*; save it as CSV, in UTF-8$",
    ),
    "no rows": ("text,label\n", {}, r"expected rows after the header text, label, got none"),
    "column twice": ("text,text\na,x\n", {}, r"expected each column once, got 'text' twice"),
    "quotes": ('text,label\n"a"b,x\n', {}, r"line 2: expected a table, got: .*; check its quotes"),
    "an open quote": (
        'text,label\na,x\n\n"b,y\nc,x\nd,y\n',
        {},
        r"line 4: expected a table, got: unexpected end of data",
    ),
    "unseen label": (
        "part,text,label\ntrain,a,x\ntrain,b,y\ntest,c,z\nvalid,d,x\n",
        {"split_column": "part"},
        r"row 3 \(test split\) has the label 'z', which no training example has \(x, y\); remove it, or move",
    ),
    "unseen label that was dealt": (
        "text,label\n" + "".join(f"film {i},{'z' if i == RARE else 'xy'[i % 2]}\n" for i in range(20)),
        {},
        rf"row {RARE + 1} \((valid|test) split\) has the label 'z', which no training .*; add rows of it, or",
    ),
    "no row to train on": (
        "part,text,label\ntest,a,x\nDev,b,y\ntest,c,y\n",
        {"split_column": "part"},
        "column 'part': expected train in at least one row, got only dev, test; mark the training rows with train",
    ),
    "more folds than texts": (
        "text,label\n" + "".join(f"film {i},{'xy'[i % 2]}\n" for i in range(12)),
        {"folds": 13},
        "expected at least one example in each of 13 folds, got 12 texts; set data.init_args.folds to 12 at most",
    ),
    "more folds than distinct texts": (
        "text,label\n" + "".join(f"film {i % 6},{'xy'[i % 2]}\n" for i in range(12)),
        {"folds": 7},
        r"got 12 texts \(6 distinct texts\); set data.init_args.folds to 6 at most",
    ),
    "one text": (
        "text,label\n" + "a film,x\na film,y\n" * 30,
        {},
        r"expected at least one example in the valid split, 0.1 of 60 texts \(1 distinct text\), got none; add more",
    ),
    "two groups": (
        "text,label,who\n" + "".join(f"film {i},{'xy'[i // 2 % 2]},{'ab'[i % 2]}\n" for i in range(60)),
        {"group_column": "who"},
        r"expected at least one example in the valid split, 0.1 of 60 texts \(2 groups\), got none; add more",
    ),
    "split": ("part,text,label\ntrian,a,x\n", {"split_column": "part"}, r"row 1: expected train, .* got 'trian'"),
    "over-long": (
        GOOD,
        {"max_length": 3},
        r"row \d+ \(train split\): expected at most 3 time steps, got 6; raise data.init_args.max_length, or",
    ),
    "policy": (GOOD, {"over_long": "cut"}, r"over_long: expected error, truncate or chunk, got 'cut'"),
    "policy without length": (GOOD, {"over_long": "chunk"}, r"expected a number of time steps with over_long chunk"),
    "zero length": (GOOD, {"max_length": 0}, r"max_length: expected 1 or more, got 0"),
    "rows": (GOOD, {"batch_size": 0}, r"batch_size: expected 1 or more, got 0"),
    "level": (GOOD, {"level": "letter"}, r"level: expected character, word or subword, got 'letter'"),
    "no label": (
        "text,label\n" + "".join(f"{word}, ; \n" for word in "abcdefghij"),
        {"label_separator": ";"},
        r"column 'label': expected at least one label in the training split, got 0 .*; give examples of one$",
    ),
    "unseen of several labels": (
        "part,text,label\ntrain,a,x;y\ntrain,b,y\ntest,c,y;z\nvalid,d,x\n",
        {"split_column": "part", "label_separator": ";"},
        r"row 3 \(test split\) has the label 'z', which no training example has \(x, y\)",
    ),
    "separator": (GOOD, {"label_separator": ""}, "expected the text between two labels, or null, got ''"),
    "language column": (GOOD, {"language_column": "lable"}, "expected a column 'lable', got text, label; did you mean"),
    "empty language": (
        "text,label,tongue\na,x,en\nb,y,\n",
        {"language_column": "tongue"},
        "column 'tongue': expected text in each row, got none in row 2;",
    ),
    "nothing held out": (GOOD, {"valid_fraction": 0.0}, r"the valid split is empty; set data.init_args.valid_fraction"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused_in_one_line(tmp_path, what):
    text, arguments, message = BAD[what]
    with pytest.raises(InputError, match=message) as caught:
        ready(tmp_path, text, **arguments)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith((f"{tmp_path / 'mine.csv'}: ", "data.init_args."))


@pytest.mark.parametrize("what", ["missing column", "one class", "empty rows", "unseen label", "more folds than texts"])
def test_the_command_line_says_so_with_exit_code_2_before_the_first_step(tmp_path, workdir, capsys, monkeypatch, what):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    text, arguments, _ = BAD[what]
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    changes = [f"--data.init_args.{key}={value}" for key, value in arguments.items()]
    assert main(["fit", "-c", "text_table", f"--data.init_args.path={path}", *changes]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "Traceback" not in error
    assert not list(workdir.glob("runs/*/checkpoints/*"))


def test_a_group_that_is_called_as_a_text_is_no_text(tmp_path):
    """Only a shared group, or a shared text, ties examples."""
    rows = [Example("g1", "x"), Example("film", "y", "g1"), Example("film 2", "x", "g1"), Example("g1", "y")]
    ties = TextTable("unread").groups_of(rows)
    assert ties[0] == ties[3] != ties[1] == ties[2]


def test_rows_behind_blank_lines_are_told_with_their_line(tmp_path):
    rows = "part,text,label\n" + "train,a b,x\ntrain,c d,y\n" * 5 + "\n\nvalid,a,x\n\ntest,b,{}\n"
    with pytest.raises(InputError, match=r"row 12 \(line 16\) \(test split\) has the label 'z'"):
        ready(tmp_path, rows.format("z"), split_column="part")
    with pytest.raises(InputError, match=r"row 12 \(line 16\): expected train, .* got 'later'"):
        ready(tmp_path, rows.replace("test,b", "later,b").format("x"), split_column="part")


def test_a_quoted_name_with_a_comma_is_a_name(tmp_path):
    with pytest.raises(InputError, match="got Review, in full; set data.init_args.text_column"):
        ready(tmp_path, '"Review, in full"\ngood\n')


def test_a_label_that_cannot_be_seen_is_none(tmp_path):
    data = table(tmp_path, GOOD.replace(",yes", ",yes;\u200b"), label_separator=";")
    data.setup("fit")
    assert data.classes == ["no", "yes"]
