import pytest
import torch

from unrolled.data import SeriesTable
from unrolled.errors import InputError
from unrolled.tasks import SequenceClassification

HEADER = "sequence,time,speed,angle,label"


def table(tmp_path, rows, header=HEADER, name="t.csv"):
    (tmp_path / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(tmp_path / name)


def series(count=20):
    """Series s0, s1, ... of 1 to 3 steps, whose speed is their number and angle the step."""
    return [f"s{n},{0.5 * t},{n},{t},{'up' if n % 2 else 'down'}" for n in range(count) for t in range(1 + n % 3)]


def ready(path, **given):
    data = SeriesTable(path, standardize=False, **given)
    data.setup("fit")
    return data


def found(data):
    return {
        int(one[0, 0]): (one.tolist(), data.classes[int(label)])
        for split in data.inputs
        for one, label in zip(data.inputs[split], data.labels[split], strict=True)
    }


EXPECTED = {n: ([[n, t] for t in range(1 + n % 3)], "up" if n % 2 else "down") for n in range(20)}


@pytest.mark.parametrize("mixed", [False, True])
def test_the_series_of_a_table(tmp_path, mixed):
    rows = sorted(series(), key=lambda row: float(row.split(",")[1])) if mixed else series()
    data = ready(table(tmp_path, rows))
    assert found(data) == EXPECTED and data.sizes() == {"input_size": 2, "classes": 2}
    tabs = table(tmp_path, [row.replace(",", "\t") for row in rows], HEADER.replace(",", "\t"), "t.tsv")
    assert found(ready(tabs)) == EXPECTED


def test_columns_by_name(tmp_path):
    rows = [f"{row},{'train' if int(row.split(',')[0][1:]) < 16 else 'Dev'},note" for row in series()]
    path = table(tmp_path, rows, "who,when,speed,angle,what,part,remark")
    data = ready(
        path,
        sequence_column="who",
        time_column="when",
        label_column="what",
        split_column="part",
        feature_columns=["angle", "speed"],
        test_fraction=0.2,
    )
    assert data.sizes()["input_size"] == 2 and len(data.inputs["valid"]) == 4
    assert sorted(int(one[0, 1]) for one in data.inputs["valid"]) == [16, 17, 18, 19]
    assert ready(
        path, sequence_column="who", time_column=None, label_column="what", feature_columns=["speed"]
    ).sizes() == {
        "input_size": 1,
        "classes": 2,
    }


def test_no_group_lies_in_two_splits(tmp_path):
    path = table(tmp_path, [f"{row},g{int(row.split(',')[0][1:]) // 2}" for row in series()], f"{HEADER},patient")
    data = ready(path, group_column="patient", test_fraction=0.2, valid_fraction=0.2)
    groups = [{int(one[0, 0]) // 2 for one in part} for part in data.inputs.values()]
    assert sum(map(len, groups)) == 10 and all(groups)


def changed(number, row):
    rows = series()
    rows[number - 1] = row
    return rows


WRONG = {  # name: rows, what the message says, and where they are not the usual ones the header and arguments
    "a missing column": (
        series(),
        "expected a column 'label', got sequence, time, speed, angle, lable; did you mean lable?",
        HEADER.replace("label", "lable"),
    ),
    "a missing feature": (
        series(),
        "expected a column 'sped', got .*; did you mean speed?",
        HEADER,
        {"feature_columns": ["sped"]},
    ),
    "a text for a number": (changed(3, "s1,0.5,fast,1,up"), "row 3: expected a number in column 'speed', got 'fast'"),
    "an empty cell": (
        changed(3, "s1,0.5,,1,up"),
        "row 3: expected a number in column 'speed', got ''; correct or fill",
    ),
    "a nan": (changed(3, "s1,0.5,nan,1,up"), "row 3: expected a number in column 'speed', got 'nan'"),
    "a number with a sign of Python's": (changed(3, "s1,0.5,1_000,1,up"), "row 3: expected a number .*, got '1_000'"),
    "more than float32 holds": (
        changed(3, "s1,0.5,-1e39,1,up"),
        "row 3: expected a finite number of float32 in column 'speed', got '-1e39'; correct or fill",
    ),
    "a date": (
        changed(3, "s1,2020-01-01,1,1,up"),
        "row 3: expected a number in column 'time', got '2020-01-01'; number the steps, or set data.init_args.time_col",
    ),
    "a row behind blank lines": (
        ["", *changed(3, "s1,0.5,fast,1,up")[:2], "", "s1,0.5,fast,1,up"],
        "row 3 .line 6.: expected a number in column 'speed', got 'fast'",
    ),
    "times that do not ascend": (
        changed(3, "s1,0,1,1,up"),
        "row 3: expected a time after 0 in series 's1', got 0; sort the rows",
    ),
    "a label that changes": (
        changed(3, "s1,0.5,1,1,down"),
        "row 3: expected 'up' in column 'label', as in row 2, got 'down'; the rows of series 's1' must agree",
    ),
    "an empty label": (
        changed(3, "s1,0.5,1,1, "),
        "column 'label': expected text in each row, got none in row 3; fill or delete them",
    ),
    "an empty sequence": (
        changed(1, ",0,0,0,down"),
        "column 'sequence': expected text in each row, got none in row 1",
    ),
    "a row that is too short": (changed(3, "s1,0.5,1,1"), "row 3: expected 5 fields"),
    "one class": (
        [row.replace("up", "down") for row in series()],
        "t.csv: column 'label': expected at least two classes in the training split, got 1 .down., so",
    ),
    "no numbers": (
        ["s1,1,a", "s2,1,b"],
        "expected a feature column besides sequence, time, label, got none",
        "sequence,time,label",
    ),
    "another split": (
        [f"{row},later" for row in series()],
        "row 1: expected train, .* in column 'part', got 'later'",
        f"{HEADER},part",
        {"split_column": "part"},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_table_is_refused_in_one_line(name, tmp_path):
    rows, message, *rest = WRONG[name]
    header, given = [*rest, HEADER, {}][:2] if not rest else [*rest, {}][:2]
    path = table(tmp_path, rows, header)
    with pytest.raises(InputError, match=message.replace("?", r"\?")) as caught:
        ready(path, **given)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(path)


@pytest.mark.parametrize(
    ("rows", "given", "told"),
    [
        (
            series(),
            {"max_length": 2},
            "series 's2' (train split): expected at most 2 time steps, got 3; raise data.init_args.max_",
        ),
        (series(2), {}, "expected at least one example in the valid split, 0.1 of 2 series, got none; add more, or"),
        (
            series(),
            {"folds": 31, "fold": 30},
            "expected at least one example in each of 31 folds, got 20 series; set data",
        ),
        (
            [f"{row},dev" for row in series()],
            {"split_column": "part"},
            "column 'part': expected train in at least one row, got only dev; mark the training rows with train",
        ),
        (
            [f"{row},{'test' if row.startswith('s0') else 'train'}" for row in changed(1, "s0,0.0,0,0,left")],
            {"split_column": "part"},
            "series 's0' (test split) has the label 'left', which no training example has (down, up); remove it, or "
            "move it to train in column 'part'",
        ),
    ],
    ids=["over-long", "no valid split", "more folds than series", "nothing to train on", "an unseen label"],
)
def test_what_is_wrong_with_the_whole_is_told_with_the_file(rows, given, told, tmp_path):
    path = table(tmp_path, rows, f"{HEADER},part" if "split_column" in given else HEADER)
    with pytest.raises(InputError) as caught:
        ready(path, **given)
    assert str(caught.value).startswith(f"{path}: {told}") and "\n" not in str(caught.value)


def test_a_time_only_orders_and_may_be_larger_than_any_input(tmp_path):
    assert found(ready(table(tmp_path, changed(3, "s1,1e300,1,1,up")))) == EXPECTED


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ([], "expected at least one column, or null for all others, got []"),
        (["speed", "speed"], "column 'speed' is already in feature_columns; name it once"),
        (["speed", "label"], "column 'label' is already in label_column; name it once"),
    ],
)
def test_features_are_named_once_or_left_to_the_table(columns, told, tmp_path):
    with pytest.raises(InputError) as caught:
        ready(table(tmp_path, series()), feature_columns=columns)
    assert str(caught.value) == f"data.init_args.feature_columns: {told}"


def test_results_call_the_classes_by_their_labels(tmp_path):
    data = ready(table(tmp_path, series()))
    cell = {"class_path": "GRU", "init_args": {"hidden_size": 3}}
    task = SequenceClassification(**data.sizes(), architecture=cell)
    task.confusion["test"] = torch.zeros(2, 2)  # as an evaluation leaves it
    assert task.findings(data, "test")["classes"] == ["down", "up"]
