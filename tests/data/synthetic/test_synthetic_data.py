"""What every generated data set has in common.  A new one joins by one line in `GENERATORS`."""

from itertools import product

import pytest
import pytorch_lightning as pl
import torch

from unrolled.data import (
    AddingProblem,
    CopyMemory,
    InfluenceBalancing,
    MultiplicationProblem,
    NoiselessMemorisation,
    Parity,
    RandomPermutation,
    SelectiveCopy,
    TemporalOrder,
)
from unrolled.data.synthetic.synthetic_data import SyntheticLoader
from unrolled.errors import InputError
from unrolled.functional.batch import has_target

SMALL = {"batch_size": 3, "batches": 6, "eval_batch_size": 4, "eval_batches": 2}
GENERATORS = {
    "AddingProblem": lambda **given: AddingProblem(**{"length": 8} | SMALL | given),
    "CopyMemory": lambda **given: CopyMemory(**{"delay": 4, "length": 3} | SMALL | given),
    "TemporalOrder": lambda **given: TemporalOrder(**{"length": 12} | SMALL | given),
    "MultiplicationProblem": lambda **given: MultiplicationProblem(**{"length": 8} | SMALL | given),
    "NoiselessMemorisation": lambda **given: NoiselessMemorisation(**{"delay": 4, "length": 9} | SMALL | given),
    "Parity": lambda **given: Parity(**{"length": 20, "test_length": 25} | SMALL | given),
    "RandomPermutation": lambda **given: RandomPermutation(**{"length": 8, "symbols": 9} | SMALL | given),
    "SelectiveCopy": lambda **given: SelectiveCopy(**{"delay": 4, "length": 3} | SMALL | given),
    "InfluenceBalancing": lambda **given: InfluenceBalancing(**{"length": 5} | SMALL | given),
}
SPLITS = ("train", "valid", "test")
random_ones = pytest.mark.parametrize("name", [name for name in GENERATORS if name != "InfluenceBalancing"])
each_one = pytest.mark.parametrize("name", GENERATORS)


def same(batch, other):
    pairs = zip(batch, other, strict=True)
    return all(torch.equal(torch.nan_to_num(a, -1.0), torch.nan_to_num(b, -1.0)) for a, b in pairs)


@each_one
def test_a_batch_has_the_promised_form(name):
    data = GENERATORS[name]()
    data.setup("fit")
    loaders = (data.train_dataloader(), data.val_dataloader(), data.test_dataloader())
    assert [len(loader) for loader in loaders] == [6, 2, 2]
    for loader, rows in zip(loaders, (3, 4, 4), strict=True):
        batches = list(loader)
        assert len(batches) == len(loader)
        for inputs, targets, fresh in batches:
            assert fresh.shape == inputs.shape[:2] == targets.shape[:2]
            assert fresh.dtype == torch.bool and len(fresh) == rows
            assert not fresh[:, 1:].any() and has_target(targets).any()


@random_ones
def test_each_row_of_each_batch_is_fresh_at_its_first_step(name):
    assert all(batch.resets[:, 0].all() for batch in GENERATORS[name]().train_dataloader())


@random_ones
def test_a_batch_is_a_function_of_seed_split_epoch_number_and_process(name):
    """Asked for in another order, by another object and with other global random numbers: the same rows; and no two
    of all these are alike."""
    drawn = {}
    for seed, split, epoch, rank in product((1, 2), SPLITS, (0, 1), (0, 1)):
        if split != "train" and epoch:
            continue
        loader = SyntheticLoader(GENERATORS[name](seed=seed), split, rank)
        loader.set_epoch(epoch)
        for index in reversed(range(len(loader))):
            torch.manual_seed(index)
            drawn[seed, split, epoch, index, rank] = loader.batch(index)
    for (seed, split, epoch, index, rank), batch in drawn.items():
        loader = SyntheticLoader(GENERATORS[name](seed=seed), split, rank)
        loader.set_epoch(epoch)
        assert same(list(loader)[index], batch)
    assert len({batch.inputs.numpy().tobytes() for batch in drawn.values()}) == len(drawn)


@random_ones
@pytest.mark.parametrize("split", ["valid", "test"])
def test_validation_and_test_are_the_same_in_every_epoch(name, split):
    loader = SyntheticLoader(GENERATORS[name](), split)
    first = list(loader)
    loader.sampler.set_epoch(3)
    assert all(same(a, b) for a, b in zip(first, loader, strict=True))


@each_one
@pytest.mark.parametrize("stop", range(7))
def test_a_restored_loader_goes_on_and_the_next_epoch_starts_anew(name, stop):
    whole, first, second = (GENERATORS[name]().train_dataloader() for _ in range(3))
    for loader in (whole, first, second):
        loader.set_epoch(4)
    expected, batches = list(whole), iter(first)
    before = [next(batches) for _ in range(stop)]
    assert first.state_dict() == {"epoch": 4, "position": stop, "batches": 6}
    second.load_state_dict(first.state_dict())
    assert second.state_dict() == first.state_dict()  # a save between loading and reading loses nothing
    rest = list(second)
    assert len(before + rest) == (6 if stop < 6 else 12)  # saved behind the last batch: a new epoch
    assert all(same(a, b) for a, b in zip([*before, *rest][-6:], expected, strict=True))
    second.set_epoch(5)
    assert len(list(second)) == 6


def test_a_checkpoint_of_another_number_of_batches_is_refused():
    with pytest.raises(InputError, match=r"expected 6 batches in an epoch, got 9; resume with the same data.init_args"):
        GENERATORS["CopyMemory"]().train_dataloader().load_state_dict({"epoch": 0, "position": 3, "batches": 9})


@each_one
def test_sizes_travel_with_the_checkpoint_and_others_are_refused(name):
    data = GENERATORS[name]()
    assert data.state_dict() == {"sizes": data.sizes()}
    data.load_state_dict(data.state_dict())
    with pytest.raises(InputError, match=r"^checkpoint: it was trained on data of classes 3, this data has \w+ \d"):
        data.load_state_dict({"sizes": {"classes": 3}})


WRONG = [
    *((name, {argument: 0}) for name in GENERATORS for argument in SMALL),
    ("AddingProblem", {"length": 1}),
    ("CopyMemory", {"delay": 0}),
    ("CopyMemory", {"length": 0}),
    ("CopyMemory", {"symbols": 1}),
    ("TemporalOrder", {"length": 9}),
    ("TemporalOrder", {"bits": 4}),
    ("InfluenceBalancing", {"length": 0}),
    ("MultiplicationProblem", {"length": 1}),
    ("NoiselessMemorisation", {"symbols": 1}),
    ("Parity", {"length": 0}),
    ("Parity", {"test_length": 20}),
    ("RandomPermutation", {"length": 1}),
    ("RandomPermutation", {"symbols": 2}),
    ("SelectiveCopy", {"delay": 0}),
]


@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=str)
def test_wrong_arguments_are_refused_in_one_line(name, wrong):
    ((argument, value),) = wrong.items()
    with pytest.raises(InputError) as caught:
        GENERATORS[name](**wrong).setup("fit")
    told = str(caught.value)
    assert told.startswith(f"data.init_args.{argument}: expected ") and told.endswith(f"got {value}")
    assert "\n" not in told


class Listener(pl.LightningModule):
    """Learns nothing of note and writes down what it hears."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.heard, self.checked = [], []

    def training_step(self, batch, index):
        self.heard.append((self.current_epoch, batch.inputs.numpy().tobytes(), bool(batch.resets.any())))
        return self.weight**2

    def validation_step(self, batch, index):
        self.checked.append(batch.inputs.numpy().tobytes())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class SaveAfter(pl.Callback):
    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


QUIET = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}


def fit(data, *, resume=None, callbacks=(), **trainer):
    module = Listener()
    arguments = QUIET | {"enable_checkpointing": False, "max_epochs": 3, "callbacks": list(callbacks)} | trainer
    pl.Trainer(**arguments).fit(module, datamodule=data, ckpt_path=resume, weights_only=True if resume else None)
    return module


@each_one
@pytest.mark.parametrize("trainer", [{}, {"limit_train_batches": 4}, {"val_check_interval": 3}], ids=str)
def test_a_run_resumed_in_mid_epoch_hears_what_the_whole_run_heard(name, trainer, tmp_path):
    batches = trainer.get("limit_train_batches", 6)
    for step in (1, 3, batches, batches + 2):
        path = tmp_path / f"{step}.ckpt"
        whole = fit(GENERATORS[name](), callbacks=[SaveAfter(step, path)], **trainer).heard
        assert len(whole) == 3 * batches
        if name != "InfluenceBalancing":
            assert len(set(whole)) == 3 * batches  # new rows in each epoch
        assert fit(GENERATORS[name](), resume=path, **trainer).heard == whole[step:], step


class TellRanks(pl.Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, module):
        torch.save([heard for _, heard, _ in module.heard], self.folder / f"{trainer.global_rank}.train")
        torch.save(module.checked, self.folder / f"{trainer.global_rank}.valid")


def test_two_processes_draw_different_rows(tmp_path):
    arguments = {"max_epochs": 1, "strategy": "ddp_fork", "devices": 2, "num_sanity_val_steps": 0}
    fit(GENERATORS["AddingProblem"](), callbacks=[TellRanks(tmp_path)], **arguments)
    for split, count in (("train", 6), ("valid", 2)):
        heard = [torch.load(tmp_path / f"{rank}.{split}", weights_only=True) for rank in (0, 1)]
        assert [len(one) for one in heard] == [count, count] and len({*heard[0], *heard[1]}) == 2 * count
