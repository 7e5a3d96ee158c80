"""What a checkpoint holds beside the weights, and what reading it touches."""

import random

import pytest
import torch

from conformance.token_streams import stream
from conformance.training import DROPOUT, QUIET, SaveAfter, assert_same, make, pl, train
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import CarriedState, ScheduledSampling
from unrolled.tasks import LanguageModeling

Class = compose(LanguageModeling, CarriedState, ScheduledSampling)
ARGUMENTS = {**DROPOUT, "start": 1.0, "end": 0.0, "decay": "linear", "over": 10}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "last.ckpt"
    return path, train(Class, callbacks=[SaveAfter(6, path)], **ARGUMENTS)


def test_it_is_read_with_weights_only_and_holds_the_step(saved):
    path, _ = saved
    checkpoint = torch.load(path, weights_only=True)
    assert checkpoint["unrolled"]["optimizer_steps"] == 6
    assert [part.shape for part in checkpoint["unrolled"]["ranks"][0]["after"]] == [(3, 2, 6), (3, 2, 6), (3,)]
    assert checkpoint["hyper_parameters"].keys() >= ARGUMENTS.keys()


def test_evaluating_a_checkpoint_touches_neither_the_random_numbers_nor_the_training_state(saved):
    path, _ = saved
    task = make(Class, **ARGUMENTS)
    before = torch.get_rng_state(), random.getstate()
    pl.Trainer(**QUIET).validate(task, stream(20), ckpt_path=path, weights_only=True, verbose=False)
    assert torch.equal(torch.get_rng_state(), before[0]) and random.getstate() == before[1]
    assert task.optimizer_steps == 6 and not task.cursor.saved
    assert task.ratio() == 0.4


def test_python_random_numbers_go_on_too(tmp_path):
    class Gamble(LanguageModeling):
        drawn: list[float] = []

        def training_step(self, batch, batch_idx):
            self.drawn.append(random.random())
            return super().training_step(batch, batch_idx)

    path = tmp_path / "last.ckpt"
    train(Gamble, callbacks=[SaveAfter(3, path)])
    whole, Gamble.drawn = Gamble.drawn, []
    random.seed(99)
    train(Gamble, resume=path)
    assert whole[3:] == Gamble.drawn and len(Gamble.drawn) == 5


def test_the_log_goes_on_in_the_middle_of_a_mean(tmp_path):
    path, often = tmp_path / "last.ckpt", {"trainer": {"log_every_n_steps": 4}}
    whole = train(Class, callbacks=[SaveAfter(6, path)], **ARGUMENTS, **often)
    resumed = train(Class, resume=path, **ARGUMENTS, **often)
    assert whole.trainer.callback_metrics["train/loss"] == torch.stack(whole.losses[4:]).mean()
    for name, value in whole.trainer.callback_metrics.items():
        assert torch.equal(resumed.trainer.callback_metrics[name], value), name


def test_a_finished_run_is_continued_for_more_epochs(tmp_path):
    run = train(Class, **ARGUMENTS)
    run.trainer.save_checkpoint(tmp_path / "end.ckpt")
    resumed = train(Class, resume=tmp_path / "end.ckpt", seed=5, trainer={"max_epochs": 3}, **ARGUMENTS)
    assert len(resumed.losses) == 4
    assert_same(resumed, train(Class, trainer={"max_epochs": 3}, **ARGUMENTS))


def test_another_number_of_processes_is_refused(saved, tmp_path):
    path, _ = saved
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["unrolled"]["ranks"] *= 2
    torch.save(checkpoint, path)
    with pytest.raises(InputError, match=r"2 process\(es\), this run has 1") as caught:
        train(Class, resume=path, **ARGUMENTS)
    assert "\n" not in str(caught.value)
