"""What every data set of labelled series has in common."""

import pytest
import torch

from unrolled.data.sequences.labelled_series import LabelledSeries, Series
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE


class Made(LabelledSeries):
    """`count` series of each class a, b, c; the first number of each series is its own."""

    def __init__(self, *, count=20, classes="abc", grouped=0, parts=None, **kwargs):
        super().__init__(**{"batch_size": 4, "eval_batch_size": 5, "standardize": False} | kwargs)
        self.count, self.names, self.grouped, self.parts = count, classes, grouped, parts

    def load(self):
        if self.parts is not None:
            return self.parts
        made = []
        for number in range(self.count * len(self.names)):
            numbers = torch.full((1 + number % 7, 2), float(number))
            group = str(number % self.grouped) if self.grouped else ""
            made.append(Series(numbers, self.names[number % len(self.names)], group))
        return {"train": made}


def ready(**given):
    data = Made(**given)
    data.setup("fit")
    return data


def told(data):
    """Which series lie in each split."""
    return {split: [int(one[0, 0]) for one in series] for split, series in data.inputs.items()}


def test_each_series_lies_in_one_split_with_its_own_label_and_each_class_in_equal_shares():
    data = ready()
    splits = told(data)
    assert sorted(sum(splits.values(), [])) == list(range(60))  # noqa: RUF017
    assert {split: len(part) for split, part in splits.items()} == {"train": 48, "valid": 6, "test": 6}
    for split, part in splits.items():
        labels = [int(label) for label in data.labels[split]]
        assert labels == [number % 3 for number in part]
        assert [labels.count(label) for label in range(3)] == [len(part) // 3] * 3
    assert data.classes == ["a", "b", "c"] and data.sizes() == {"input_size": 2, "classes": 3}
    assert told(ready()) == splits and told(ready(seed=2)) != splits


def test_a_split_that_the_data_set_has_is_kept():
    made = [Series(torch.full((2, 1), float(n)), "xy"[n % 2]) for n in range(40)]
    splits = told(ready(parts={"train": made[:20], "test": made[20:]}))
    assert splits["test"] == list(range(20, 40)) and sorted(splits["train"] + splits["valid"]) == list(range(20))
    assert len(splits["valid"]) == 2
    splits = told(ready(parts={"train": made[:20], "valid": made[20:30], "test": made[30:]}))
    assert [splits[split] for split in ("train", "valid", "test")] == [
        [*range(20)],
        [*range(20, 30)],
        [*range(30, 40)],
    ] or (sorted(splits["train"]) == [*range(20)])


def test_folds_hold_every_series_once_as_the_test():
    folds = [told(ready(folds=5, fold=fold)) for fold in range(5)]
    assert sorted(sum((one["test"] for one in folds), [])) == list(range(60))  # noqa: RUF017
    for one in folds:
        assert sorted(sum(one.values(), [])) == list(range(60)) and len(one["test"]) == 12 and one["valid"]  # noqa: RUF017


def test_folds_leave_the_test_of_a_data_set_alone_and_are_its_validation():
    made = [Series(torch.full((2, 1), float(n)), "xy"[n % 2]) for n in range(40)]
    folds = [told(ready(parts={"train": made[:30], "test": made[30:]}, folds=3, fold=fold)) for fold in range(3)]
    assert sorted(sum((one["valid"] for one in folds), [])) == list(range(30))  # noqa: RUF017
    assert all(one["test"] == list(range(30, 40)) and len(one["train"]) == 20 for one in folds)


def test_with_folds_a_validation_part_of_the_data_set_is_kept_or_joins_those_that_are_dealt():
    made = [Series(torch.full((2, 1), float(n)), "xy"[n % 2]) for n in range(40)]
    own = ready(parts={"train": made[:20], "valid": made[20:30], "test": made[30:]}, folds=3, fold=1)
    found = told(own)
    assert own.fold_split == "valid" and sorted(found["train"] + found["valid"]) == [*range(30)]
    assert len(found["valid"]) == 10 and found["test"] == [*range(30, 40)]
    without = ready(parts={"train": made[:30], "valid": made[30:]}, folds=3, fold=1)
    found = told(without)
    assert without.fold_split == "test" and found["valid"] == [*range(30, 40)]
    assert sorted(found["train"] + found["test"]) == [*range(30)] and len(found["test"]) == 10


@pytest.mark.parametrize("given", [{}, {"folds": 3, "fold": 1, "valid_fraction": 0.3}], ids=str)
def test_no_group_lies_in_two_splits(given):
    splits = told(ready(grouped=12, **given))
    groups = [{number % 12 for number in part} for part in splits.values()]
    assert sum(map(len, groups)) == 12 and all(groups)


def test_features_are_scaled_by_the_training_part_alone():
    made = [Series(torch.randn(5, 3) * 4 + torch.tensor([7.0, 0.0, -2.0]), "xy"[n % 2]) for n in range(30)]
    made = [
        one._replace(numbers=one.numbers * torch.tensor([1.0, 1.0, 0.0]) + torch.tensor([0, 0, 5.0])) for one in made
    ]
    odd = [Series(torch.full((4, 3), 100.0), "x")]
    plain = ready(parts={"train": made, "valid": odd, "test": odd})
    data = ready(standardize=True, parts={"train": made, "valid": odd, "test": odd})
    before, after = torch.cat(plain.inputs["train"]), torch.cat(data.inputs["train"])
    torch.testing.assert_close(after.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(after.std(0, correction=0), torch.tensor([1.0, 1.0, 0.0]), atol=1e-5, rtol=0)
    expected = (torch.tensor([100.0, 100.0]) - before.mean(0)[:2]) / before.std(0, correction=0)[:2]
    torch.testing.assert_close(data.inputs["test"][0][0, :2], expected)
    assert data.inputs["test"][0][0, 2] == 95  # a feature that never changes is only shifted


def test_a_batch_has_the_label_at_each_rows_last_step():
    data = ready()
    for batch in data.val_dataloader():
        for row, targets, fresh in zip(*batch, strict=True):
            number = int(row[0, 0])
            length = 1 + number % 7
            assert targets[:length].tolist() == [IGNORE] * (length - 1) + [number % 3]
            assert not row[length:].any() and (targets[length:] == IGNORE).all()
            assert fresh.tolist() == [True] + [False] * (len(row) - 1)


def test_baselines_are_error_rates_of_simple_models():
    """Two classes of two far clouds each: neighbours tell them, means do not, the majority is wrong in its share."""
    where = {"x": (-10.0, 10.0), "y": (-9.0, 11.0)}
    made = [
        Series(torch.full((3 + n % 2, 1), where[label][n % 2]), label)
        for label, count in (("x", 12), ("y", 8))
        for n in range(count)
    ]
    data = ready(parts={"train": made, "valid": made[:2], "test": made})
    found = data.baselines("test")
    assert found["majority class"] == pytest.approx(0.4) and found["nearest neighbour"] == 0
    # the means are 0 and 1: what is above one half is told to be y
    assert found["nearest centroid"] == pytest.approx((6 + 4) / 20)
    assert data.baseline_metric == "error_rate"


def test_long_series_are_refused_cut_or_read_in_pieces():
    with pytest.raises(InputError, match=r"row \d of the train split: expected at most 5 time steps, got [67]; raise"):
        ready(max_length=5)
    assert max(map(len, ready(max_length=5, over_long="truncate").inputs["train"])) == 5
    data = ready(max_length=5, over_long="chunk")
    assert max(map(len, data.inputs["train"])) == 7
    assert max(batch.inputs.shape[1] for batch in data.train_dataloader()) == 5


def test_classes_and_scale_travel_with_the_checkpoint():
    data = ready(standardize=True)
    saved = data.state_dict()
    data.load_state_dict(saved)
    other = Made(standardize=True, seed=9)  # another training part, so another scale of its own
    other.load_state_dict(saved)
    other.setup("test")
    assert torch.equal(other.scale[0], data.scale[0]) and not torch.equal(
        ready(standardize=True, seed=9).scale[0], data.scale[0]
    )
    with pytest.raises(InputError, match=r"^checkpoint: its classes are a, b, c, this data has a, b; use the data"):
        ready(classes="ab").load_state_dict(saved)
    narrow = [Series(torch.zeros(2, 1), "abc"[n % 3]) for n in range(30)]
    with pytest.raises(InputError, match=r"^checkpoint: its series have 2 features, this data has 1; use the data"):
        ready(parts={"train": narrow}).load_state_dict(saved)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"classes": "a"},
            r"Made: expected at least two classes in the training split, got 1 \(a\), so there is nothing",
        ),
        ({"valid_fraction": 1.0}, r"data.init_args.valid_fraction: expected a fraction in \[0, 1\), got 1.0"),
        ({"folds": 3, "fold": 3}, "data.init_args.fold: expected folds of 0, or 2 or more, and a fold below them"),
        (
            {"parts": {"train": [Series(torch.zeros(int(n != 3), 1), "ab"[n % 2]) for n in range(9)], "valid": []}},
            r"Made: row \d of the \w+ split: expected at least one time step, got none; remove it",
        ),
        ({"count": 1}, "Made: expected at least one example in the valid split, 0.1 of 3 series, got none; add more"),
        (
            {
                "parts": {
                    "train": [Series(torch.zeros(1, 1), name) for name in "ab" * 9],
                    "test": [Series(torch.zeros(1, 1), "z")],
                }
            },
            r"Made: row 1 of the test split has the label 'z', which no training example has \(a, b\); add",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_trained_on_is_refused_in_one_line(given, message):
    with pytest.raises(InputError, match=f"^{message}") as caught:
        ready(**given)
    assert "\n" not in str(caught.value)
