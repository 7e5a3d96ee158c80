"""Window loaders: the windows of each batch on each process, and hidden inputs."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from conformance.forecast_series import SMALL, C, H, Made, made, make
from unrolled.data.forecasting.window_loaders import RandomWindows, RollingOrigins
from unrolled.errors import InputError

T = C + H - 1


def same(batch, other):
    return all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(batch, other, strict=True))


def loader(data, rank=0, world_size=1, kind="train", **given):
    """The loader of one process."""
    data.trainer = SimpleNamespace(global_rank=rank, world_size=world_size)
    return {"train": data.train_dataloader, "valid": data.val_dataloader, "test": data.test_dataloader}[kind]()


@pytest.mark.parametrize("world_size", [1, 2, 3])
@pytest.mark.parametrize("rows", [1, 4, 7, 50])
def test_every_origin_is_asked_once_and_in_order(rows, world_size):
    data = make(eval_batch_size=rows)
    each = [loader(data, rank, world_size, "test") for rank in range(world_size)]
    assert len({len(one) for one in each}) == 1  # processes that differed would wait for each other for ever
    whole = data.cut(data.places["test"])
    read = []
    for batches in zip(*each, strict=True):
        for batch in batches:
            kept = ~batch.targets.isnan().all(2).all(1)
            assert len(kept) <= rows and not batch.inputs.isnan().any()
            read.append([part[kept] for part in batch])
    assert same([torch.cat(parts) for parts in zip(*read, strict=True)], whole)


@pytest.mark.parametrize("given", [{}, {"hide_share": 0.4}, {"sampling": "stream", "covariates": False}])
def test_a_training_batch_is_a_function_of_seed_epoch_number_and_process(given):
    series = made(covariates=given.get("covariates", True))
    given = {key: value for key, value in given.items() if key != "covariates"} | {"series": series}
    drawn = {}
    for _ in range(2):
        for seed, epoch, rank in product((1, 2), (0, 1), (0, 1)):
            one = loader(make(seed=seed, sequence_length=9, **given), rank, 2)
            one.set_epoch(epoch)
            for index in reversed(range(len(one))):
                torch.manual_seed(index)
                batch = one.batch(index)
                assert same(drawn.setdefault((seed, epoch, rank, index), batch), batch)
    if "sampling" not in given:
        assert len({batch.inputs.numpy().tobytes() for batch in drawn.values()}) == len(drawn) == 40


def test_every_training_window_is_as_likely_as_any_other():
    data = make(batches=3000)
    heard = []
    random = RandomWindows(lambda places, **_: heard.append(places), data.places["train"], rows=6, batches=3000, seed=1)
    list(random)
    counts = torch.unique(torch.cat(heard), dim=0, return_counts=True)[1].double()
    assert len(counts) == len(data.places["train"])
    expected = counts.sum() / len(counts)
    degrees = len(counts) - 1
    assert float(((counts - expected) ** 2 / expected).sum()) < degrees + 4.3 * np.sqrt(2 * degrees)


@pytest.mark.parametrize("given", [{}, {"hide_share": 0.3, "hide_over": 7}, {"sampling": "stream"}])
@pytest.mark.parametrize("stop", [0, 2, 5])
def test_a_restored_loader_goes_on_and_the_next_epoch_starts_anew(stop, given):
    series = made(covariates="sampling" not in given)
    given = {"series": series, "sequence_length": 5, "batch_size": 2} | given
    whole, first, second = (make(**given).train_dataloader() for _ in range(3))
    for one in (whole, first, second):
        one.set_epoch(4)
    expected, batches = list(whole), iter(first)
    before = [next(batches) for _ in range(stop)]
    second.load_state_dict(first.state_dict())
    rest = list(second)
    both = [*before, *rest][-len(expected) :]
    assert all(same(a, b) for a, b in zip(both, expected, strict=True))


def test_a_checkpoint_of_another_number_of_batches_is_refused():
    with pytest.raises(InputError, match=r"expected 5 batches in an epoch, got 9; resume with the same data.init_args"):
        make().train_dataloader().load_state_dict({"epoch": 0, "position": 3, "batches": 9})


@pytest.mark.parametrize("over", [0, 12])
def test_the_hidden_share_grows_and_hides_inputs_alone(over):
    """Hidden numbers are read as if missing, and are still asked for."""
    given = {"batch_size": 400, "marks": True, "since": True, "series": made(2)}
    hiding, plain = make(hide_share=0.5, hide_over=over, **given), make(**given)
    for epoch, index in product((0, 1, 2, 9), (0, 3)):
        one, other = hiding.train_dataloader(), plain.train_dataloader()
        one.set_epoch(epoch), other.set_epoch(epoch)
        batch, truth = one.batch(index), other.batch(index)
        marks, observed = batch.inputs[..., 2:4], truth.inputs[..., 2:4]
        assert ((marks == 1) <= (observed == 1)).all()
        share = float(1 - marks.sum() / observed.sum())
        assert share == pytest.approx(0.5 * min(1, (5 * epoch + index) / over if over else 1), abs=0.02)
        assert same([batch.targets, batch.rows], [truth.targets, truth.rows])
        assert torch.equal(batch.inputs[..., 6:], truth.inputs[..., 6:])  # covariates
        assert ((batch.inputs[..., 4:6] == 0) == (marks == 1)).all()  # since
        values = batch.inputs[:, 1:, :2]
        filled = batch.inputs[:, :-1, :2]
        assert torch.equal(values[marks[:, 1:] == 0], filled[marks[:, 1:] == 0])  # filled forward, through hidden ones
        assert torch.equal(batch.inputs[..., :2][marks == 1], truth.inputs[..., :2][marks == 1])


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
        self.checked.append(batch.rows[~batch.targets.isnan().all(2).all(1)].clone())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class TellRanks(pl.Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, module):
        saved = {"heard": module.heard, "checked": torch.cat(module.checked)}
        torch.save(saved, self.folder / f"{trainer.global_rank}")


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
    trainer.fit(Listener(), datamodule=Made(**SMALL | {"scaling": "instance"}))
    saved = [torch.load(tmp_path / str(rank), weights_only=True) for rank in (0, 1)]
    assert [len(each["heard"]) for each in saved] == [5, 5] and len({*saved[0]["heard"], *saved[1]["heard"]}) == 10
    data = make(scaling="instance")
    whole = data.cut(data.places["valid"]).rows
    both = torch.cat([each["checked"] for each in saved])
    assert sorted(both.tolist()) == sorted(whole.tolist())


def test_a_part_smaller_than_the_processes_gives_a_batch_that_counts_nowhere():
    data = make()
    lone = RollingOrigins(data.cut, data.places["test"][:1], rows=4, rank=1, world_size=2)
    assert lone.batch(0).targets.isnan().all() and not lone.batch(0).inputs.isnan().any()
