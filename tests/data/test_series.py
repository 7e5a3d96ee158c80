"""What every data set of one series has in common, on a series made up here."""

from itertools import product

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from unrolled.data.series import SeriesData
from unrolled.data.series_windows import RandomWindows, RollingOrigins
from unrolled.errors import InputError

N, C, H = 60, 5, 4
SERIES = 3.0 * torch.arange(N, dtype=torch.float64) + 7.0  # every number tells its place in time
SMALL = {"horizon": H, "context": C, "batch_size": 6, "batches": 5, "eval_batch_size": 4}
BORDERS = {"train": (0, 30), "valid": (30, 45), "test": (45, 60)}


class Made(SeriesData):
    period = 3

    def __init__(self, *, series=SERIES, **kwargs):
        super().__init__(**kwargs)
        self.series = series

    def load(self):
        return self.series


def make(**given):
    data = Made(**SMALL | given)
    data.setup("fit")
    return data


def places(data, batch):
    """The place in time of every number of a batch's windows: (B, C + H)."""
    whole = torch.cat([batch.inputs, batch.targets[:, -1:]], 1)[..., 0].double()
    return ((whole * data.deviation + data.mean - 7.0) / 3.0).round().long()


def loaders(data):
    return {"train": data.train_dataloader(), "valid": data.val_dataloader(), "test": data.test_dataloader()}


def test_inputs_are_the_window_and_targets_the_same_one_step_later():
    data = make()
    for loader in loaders(data).values():
        for batch in loader:
            assert batch.inputs.shape == batch.targets.shape == (len(batch.inputs), C + H - 1, 1)
            assert torch.equal(batch.inputs[:, 1:], batch.targets[:, :-1])
            assert batch.fresh.tolist() == [[True] + [False] * (C + H - 2)] * len(batch.inputs)
            steps = places(data, batch)
            assert torch.equal(steps, steps[:, :1] + torch.arange(C + H))


def test_no_window_crosses_a_border_and_nothing_of_validation_or_test_is_trained_on():
    data = make(batches=200)
    for split, loader in loaders(data).items():
        read = torch.cat([places(data, batch) for batch in loader])
        first, last = BORDERS[split]
        assert (int(read.min()), int(read.max())) == (first, last - 1), split  # and every number of the part is read


def test_the_scale_is_that_of_the_training_part_alone():
    changed = SERIES.clone()
    changed[30:] = 1e6 * torch.randn(30, dtype=torch.float64)
    data, other = make(), make(series=changed)
    assert data.mean == other.mean == pytest.approx(np.mean(SERIES[:30].numpy()), rel=1e-14)
    assert data.deviation == other.deviation == pytest.approx(np.std(SERIES[:30].numpy()), rel=1e-14)
    assert torch.equal(data.parts["train"], other.parts["train"])
    np.testing.assert_allclose(data.parts["test"], (SERIES[45:].numpy() - data.mean) / data.deviation, rtol=1e-6)


@pytest.mark.parametrize("world_size", [1, 2, 3])
@pytest.mark.parametrize("rows", [1, 3, 4, 7, 50])
def test_every_step_of_a_part_is_an_origin_once_and_in_order(rows, world_size):
    data = make()
    expected = [[first + t for t in range(C + H)] for first in range(45, 60 - C - H + 1)]
    each = [RollingOrigins(data.windows("test"), rows=rows, rank=r, world_size=world_size) for r in range(world_size)]
    assert len({len(loader) for loader in each}) == 1  # processes that differed would wait for each other for ever
    read = []
    for batches in zip(*each, strict=True):
        for batch in batches:
            kept = ~batch.targets.isnan().all(1)[:, 0]
            assert len(kept) <= rows and not batch.inputs.isnan().any()
            read += places(data, batch)[kept].tolist()
    assert read == expected
    if world_size == 1:
        assert sum(len(batch.inputs) for batch in each[0]) == len(expected)


def same(batch, other):
    return all(torch.equal(a, b) for a, b in zip(batch, other, strict=True))


def test_a_training_batch_is_a_function_of_seed_epoch_number_and_process():
    drawn = {}
    for _ in range(2):
        for seed, epoch, rank in product((1, 2), (0, 1), (0, 1)):
            loader = RandomWindows(make().windows("train"), rows=6, batches=5, seed=seed, rank=rank)
            loader.set_epoch(epoch)
            for index in reversed(range(5)):
                torch.manual_seed(index)
                batch = loader.batch(index)
                assert same(drawn.setdefault((seed, epoch, rank, index), batch), batch)
    assert len({batch.inputs.numpy().tobytes() for batch in drawn.values()}) == len(drawn) == 40


def test_every_place_is_as_likely_as_any_other():
    data = make(batches=2000)
    counts = torch.bincount(torch.cat([places(data, batch)[:, 0] for batch in data.train_dataloader()]))
    assert len(counts) == 30 - C - H + 1
    expected = counts.sum() / len(counts)
    assert float(((counts - expected) ** 2 / expected).sum()) < 60.1  # chi-square, 21 degrees of freedom, 0.999 99


@pytest.mark.parametrize("stop", range(6))
def test_a_restored_loader_goes_on_and_the_next_epoch_starts_anew(stop):
    whole, first, second = (make().train_dataloader() for _ in range(3))
    for loader in (whole, first, second):
        loader.set_epoch(4)
    expected, batches = list(whole), iter(first)
    before = [next(batches) for _ in range(stop)]
    second.load_state_dict(first.state_dict())
    rest = list(second)
    assert len(before + rest) == (5 if stop < 5 else 10)
    assert all(same(a, b) for a, b in zip([*before, *rest][-5:], expected, strict=True))


def test_a_checkpoint_of_another_number_of_batches_is_refused():
    with pytest.raises(InputError, match=r"expected 5 batches in an epoch, got 9; resume with the same data.init_args"):
        make().train_dataloader().load_state_dict({"epoch": 0, "position": 3, "batches": 9})


def test_baselines_by_hand():
    """Over every origin and step ahead of the part, in the scale of the training part."""
    series = torch.randn(N, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    data = make(series=series)
    scaled = (series.numpy() - series[:30].numpy().mean()) / series[:30].numpy().std()
    for split in ("valid", "test"):
        begin, end = BORDERS[split]
        errors = {"naive": [], "seasonal naive": []}
        for origin in range(begin + C, end - H + 1):  # the first number to forecast
            for h in range(H):
                errors["naive"].append((scaled[origin + h] - scaled[origin - 1]) ** 2)
                errors["seasonal naive"].append((scaled[origin + h] - scaled[origin - 3 + h % 3]) ** 2)
        expected = {name: pytest.approx(np.mean(each), rel=1e-6) for name, each in errors.items()}  # parts in float32
        assert data.baselines(split) == expected


def test_sizes_and_scale_travel_with_the_checkpoint_and_others_are_refused():
    data = make()
    assert data.sizes() == {"horizon": H, "context": C} == data.state_dict()["sizes"]
    data.load_state_dict(data.state_dict())
    for other in (make(horizon=3), make(context=4), make(valid_fraction=0.3), make(series=SERIES + 1)):
        with pytest.raises(InputError, match=r"^checkpoint: it was trained on a series of horizon \d, .* this") as e:
            data.load_state_dict(other.state_dict())
        assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        *(({name: 0}, f"data.init_args.{name}: expected 1 or more, got 0") for name in SMALL if name != "context"),
        ({"context": 2}, "data.init_args.context: expected 3 or more, got 2"),
        *(
            ({name: value}, f"data.init_args.{name}: expected a fraction in (0, 1), got {value}")
            for name in ("valid_fraction", "test_fraction")
            for value in (0, 1, -0.1, float("nan"))
        ),
        ({"valid_fraction": 0.5, "test_fraction": 0.5}, "expected less than 1, got 1; nothing is left to train on"),
        ({"horizon": 11}, "Made: the valid split has 15 numbers, expected at least 16 for one window; lower data.init"),
        ({"test_fraction": 0.1}, "Made: the test split has 6 numbers, expected at least 9"),
        ({"valid_fraction": 0.7, "test_fraction": 0.2}, "Made: the train split has 6 numbers, expected at least 9"),
        ({"series": SERIES[:0]}, "Made: the train split has 0 numbers"),
        ({"series": torch.ones(N, dtype=torch.float64)}, "Made: expected numbers that vary, got 1 throughout the"),
        ({"series": SERIES.log() / (SERIES != 10)}, "Made: expected 60 finite numbers, got 1 that are not"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_in_one_line(wrong, message):
    with pytest.raises(InputError) as caught:
        make(**wrong)
    assert message in str(caught.value) and "\n" not in str(caught.value)


class Listener(pl.LightningModule):
    """Learns nothing of note and writes down what it hears."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.heard, self.checked = [], []

    def training_step(self, batch, index):
        self.heard.append(batch.inputs.numpy().tobytes())
        return self.weight**2

    def validation_step(self, batch, index):
        self.checked.append(batch.inputs.clone())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class TellRanks(pl.Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, module):
        told = {"heard": module.heard, "checked": torch.cat(module.checked)}
        torch.save(told, self.folder / f"{trainer.global_rank}")


def test_two_processes_train_on_different_windows_and_share_the_origins(tmp_path):
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(
        max_epochs=1,
        strategy="ddp_fork",
        devices=2,
        accelerator="cpu",
        num_sanity_val_steps=0,
        enable_model_summary=False,
        callbacks=[TellRanks(tmp_path)],
        **quiet,
    )
    data = Made(**SMALL)
    trainer.fit(Listener(), datamodule=data)
    told = [torch.load(tmp_path / str(rank), weights_only=True) for rank in (0, 1)]
    assert [len(each["heard"]) for each in told] == [5, 5] and len({*told[0]["heard"], *told[1]["heard"]}) == 10
    first = torch.cat([each["checked"][:, 0, 0] for each in told])
    assert torch.equal(first, make().windows("valid")[:, 0])  # 7 windows: four for one, three for the other
