"""What Lightning does with a StreamLoader: saves it in mid-epoch, goes on there, shards nothing on its own."""

import pytest
import pytorch_lightning as pl
import torch

from unrolled.data import TextFile

QUIET = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}


class Listener(pl.LightningModule):
    """Learns nothing of note and writes down the first target of every batch."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.heard, self.checked = [], []

    def training_step(self, batch, index):
        self.heard.append((self.current_epoch, int(batch.targets[0, 0]), bool(batch.resets[:, 0].all())))
        return self.weight**2

    def validation_step(self, batch, index):
        self.checked.append(int((batch.targets >= 0).sum()))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class SaveAfter(pl.Callback):
    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


class SaveAtEpochEnd(pl.Callback):
    def __init__(self, path):
        self.path = path

    def on_train_epoch_end(self, trainer, module):
        if trainer.current_epoch == 0:
            trainer.save_checkpoint(self.path)


@pytest.fixture
def data(tmp_path):
    """A text whose 160 characters are all different, 8 training batches of 10 steps."""
    (tmp_path / "text.txt").write_text("".join(chr(0x4E00 + i) for i in range(240)))
    arguments = {"batch_size": 2, "eval_batch_size": 2, "sequence_length": 10}
    return lambda: TextFile(str(tmp_path / "text.txt"), valid_fraction=1 / 6, test_fraction=1 / 6, **arguments)


def fit(data, *, epochs=3, resume=None, callbacks=(), **trainer):
    module = Listener()
    arguments = QUIET | {"enable_checkpointing": False, "max_epochs": epochs, "callbacks": list(callbacks)} | trainer
    pl.Trainer(**arguments).fit(module, datamodule=data(), ckpt_path=resume, weights_only=True if resume else None)
    return module


@pytest.mark.parametrize("trainer", [{}, {"limit_train_batches": 5}, {"val_check_interval": 4}], ids=str)
def test_a_run_resumed_in_mid_epoch_hears_what_the_whole_run_heard(data, tmp_path, trainer):
    batches = trainer.get("limit_train_batches", 8)
    for step in (1, 3, batches, batches + 2):
        path = tmp_path / f"{step}.ckpt"
        whole = fit(data, callbacks=[SaveAfter(step, path)], **trainer).heard
        assert [fresh for _, _, fresh in whole] == ([True] + [False] * (batches - 1)) * 3
        assert fit(data, resume=path, **trainer).heard == whole[step:], step


@pytest.mark.parametrize("trainer", [{}, {"limit_train_batches": 5}], ids=str)
def test_a_run_resumed_at_an_epoch_end_starts_the_next_epoch(data, tmp_path, trainer):
    whole = fit(data, callbacks=[SaveAtEpochEnd(tmp_path / "end.ckpt")], **trainer).heard
    assert fit(data, resume=tmp_path / "end.ckpt", **trainer).heard == whole[trainer.get("limit_train_batches", 8) :]


def test_validation_covers_every_token_once(data):
    assert sum(fit(data, epochs=1, num_sanity_val_steps=0).checked) == 40


class TellRanks(pl.Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, module):
        (self.folder / f"{trainer.global_rank}").write_text(repr(sorted(target for _, target, _ in module.heard)))
        (self.folder / f"{trainer.global_rank}.type").write_text(type(trainer.train_dataloader).__name__)


def test_two_processes_share_the_stream_and_lightning_leaves_the_loader_alone(data, tmp_path):
    fit(data, epochs=1, strategy="ddp_fork", devices=2, callbacks=[TellRanks(tmp_path)], num_sanity_val_steps=0)
    vocabulary_order = sorted(range(2, 162))  # every character is there once, so its number is its place + 2
    heard = [eval((tmp_path / str(rank)).read_text()) for rank in (0, 1)]  # noqa: S307  our own file
    # 4 rows of 40 tokens, 10 steps a batch: rank 0 starts at tokens 0, 10, ..., rank 1 at 80, 90, ...
    assert heard == [vocabulary_order[0:40:10], vocabulary_order[80:120:10]]
    assert {(tmp_path / f"{rank}.type").read_text() for rank in (0, 1)} == {"StreamLoader"}
