"""A batch in which there is nothing to predict."""

import torch
from torch.utils.data import DataLoader

from conformance.token_streams import B, T, V
from conformance.training import assert_close, fit, make, train
from unrolled import compose
from unrolled.functional.batch import IGNORE, SequenceBatch
from unrolled.strategies import CarriedState
from unrolled.tasks import LanguageModeling

Carried = compose(LanguageModeling, CarriedState)


def batches(*empty):
    """Four batches of a stream; those at `empty` have no target."""
    random, made = torch.Generator().manual_seed(3), []
    for number in range(4):
        inputs, targets = torch.randint(V, (2, B, T), generator=random)
        if number in empty:
            targets[:] = IGNORE
        made.append(SequenceBatch(inputs, targets, torch.zeros(B, T, dtype=torch.bool)))
    return DataLoader(made, batch_size=None)


def test_it_loses_no_gradient_of_the_batches_it_is_accumulated_with():
    """The mean over two batches, one of which adds nothing: half the gradient of the other."""
    sgd = {"class_path": "SGD", "init_args": {"lr": 0.1}}
    for empty, kept in (((1, 3), (0, 2)), ((0, 2), (1, 3))):
        accumulated = train(
            LanguageModeling, loader=batches(*empty), dtype=torch.float64, optimizer=sgd,
            trainer={"accumulate_grad_batches": 2, "max_epochs": 1},
        )  # fmt: skip
        assert accumulated.task.optimizer_steps == 2
        half = {"class_path": "SGD", "init_args": {"lr": 0.05}}
        alone = DataLoader([[*batches()][number] for number in kept], batch_size=None)
        one_by_one = train(
            LanguageModeling, loader=alone, dtype=torch.float64, optimizer=half, trainer={"max_epochs": 1}
        )
        assert_close(accumulated.weights, one_by_one.weights)


def test_it_takes_no_step_and_is_read_for_the_next_one():
    run = train(Carried, loader=batches(1), dtype=torch.float64, trainer={"max_epochs": 1})
    assert run.task.optimizer_steps == 3 == len(run.losses)
    forgotten = DataLoader([batch for number, batch in enumerate(batches()) if number != 1], batch_size=None)
    other = train(Carried, loader=forgotten, dtype=torch.float64, trainer={"max_epochs": 1})
    assert torch.equal(run.losses[0], other.losses[0]) and not torch.equal(run.losses[1], other.losses[1])


def test_the_log_leaves_it_out():
    """With a line for each batch, and in the mean of an accumulated pair."""
    each = fit(make(Carried), batches(1), trainer={"log_every_n_steps": 1, "max_epochs": 1})
    assert len(each.losses) == 3
    pair = fit(
        make(LanguageModeling), DataLoader([*batches(1)][:2], batch_size=None),
        trainer={"accumulate_grad_batches": 2, "max_epochs": 1, "log_every_n_steps": 1},
    )  # fmt: skip
    assert torch.equal(pair.trainer.callback_metrics["train/loss"], 2 * pair.losses[0])  # Lightning's are halves


def test_a_line_of_the_log_may_have_no_loss():
    """The accumulated pair of the batches before it is over, and its own has no target either."""
    run = fit(
        make(LanguageModeling), batches(2, 3),
        trainer={"accumulate_grad_batches": 2, "max_epochs": 1, "log_every_n_steps": 1},
    )  # fmt: skip
    assert run.task.optimizer_steps == 2 and float(run.trainer.callback_metrics["step"]) == 2
