"""The masks of regularised cells during training: the same in all calls that read a window, others in the next."""

from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback
from torch.nn import functional as F

from conformance.token_streams import restarting, stream
from conformance.training import SaveAfter, assert_close, assert_same, fit, make, train
from unrolled import compose
from unrolled.architectures.dropout_masks import Masks
from unrolled.errors import InputError
from unrolled.strategies import AdaptiveTruncation, CarriedState, CheckpointedBPTT, TeacherForcing, TruncatedBPTT
from unrolled.tasks import LanguageModeling
from unrolled.tasks.base import SequenceTask

VARIATIONAL = {"variational_input": 0.2, "variational_dropout": 0.3, "variational_output": 0.3}


def regularized(cell: str = "LSTM", **more: Any) -> dict[str, Any]:
    own = {"hidden_size": 6, "num_layers": 2, **VARIATIONAL, "weight_drop": 0.4, **more}
    return {"architecture": {"class_path": cell, "init_args": own}, "embedding_dropout": 0.3}


STEPWISE = regularized(zoneout=0.2, layer_norm=True, dropout=0.2) | {"dropout": 0.2}


class Spy(SequenceTask):
    """Remembers of each call that read something: the window, whether it had a graph, and both masks' seeds.

    What is read before a batch's first window is number -1, -2, ... of the batch.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.calls: list[tuple[Any, ...]] = []
        self.batches_begun = self.windows_run = self.number = 0

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        self.batches_begun += 1
        self.number = -self.batches_begun
        super().on_train_batch_start(batch, batch_idx)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        if self.plan:
            self.windows_run += 1
            self.number = self.windows_run
        return super().training_step(batch, batch_idx)

    def predict(self, inputs: Any, state: Any) -> Any:
        read = super().predict(inputs, state)
        if self.training:
            seeds = tuple(module.seed for module in self.modules() if isinstance(module, Masks))
            self.calls.append((self.number, torch.is_grad_enabled(), seeds))
        return read


class EveryStep(SequenceTask):
    """Splits each window's call at every second step."""

    seam = "truncation"

    def split_points(self) -> set[int]:
        return {*range(0, self.batch.inputs.shape[1], 2)}


def spied(*strategies: type, **given: Any) -> Any:
    return train(compose(LanguageModeling, *strategies, Spy), loader=restarting(), **{**regularized(), **given}).task


@pytest.mark.parametrize(
    ("strategies", "given"),
    [
        ([EveryStep, CarriedState], {}),
        ([TruncatedBPTT, CarriedState], {"k1": 3}),
        ([TruncatedBPTT, CarriedState], {"k1": 2, "k2": 5}),
        ([TruncatedBPTT, CarriedState], {"k1": 2, "k2": 5, "past": "recomputed"}),
        ([CheckpointedBPTT], {"segments": 4}),
        ([TeacherForcing, TruncatedBPTT], {"ratio": 0.5, "k1": 4}),
    ],
    ids=["joints", "truncated", "kept", "recomputed", "checkpointed", "fed back"],
)
def test_one_window_has_one_set_of_masks_and_the_next_another(strategies, given):
    task = spied(*strategies, **given)
    windows = {window: {seeds for number, _, seeds in task.calls if number == window} for window, *_ in task.calls}
    assert len(windows) == task.windows_run >= 8
    assert all(len(seeds) == 1 for seeds in windows.values())
    assert len({seed for seeds in windows.values() for pair in seeds for seed in pair}) == 2 * len(windows)
    if given.get("past") != "recomputed" and "k1" not in given:
        assert len(task.calls) > len(windows), "a window was read in several calls"
    if TeacherForcing in strategies:
        assert {graph for _, graph, _ in task.calls} == {True, False}


class InPieces(SequenceTask):
    """Full back-propagation through as many calls as CheckpointedBPTT has segments."""

    seam = "truncation"

    def split_points(self) -> set[int]:
        length = self.batch.inputs.shape[1]
        return {*range(-(-length // 3), length, -(-length // 3))}


@pytest.mark.parametrize("given", [regularized(), STEPWISE], ids=["fused", "step by step"])
def test_a_segment_that_is_run_again_sees_the_same_masks(given):
    once = train(compose(LanguageModeling, InPieces), dtype=torch.float64, **given)
    again = train(compose(LanguageModeling, CheckpointedBPTT), dtype=torch.float64, segments=3, **given)
    assert_close(again.weights, once.weights)
    for one, other in zip(again.gradients, once.gradients, strict=True):
        assert_close(one, other, 1e-11)


def test_reading_in_several_calls_changes_nothing():
    whole = train(LanguageModeling, dtype=torch.float64, **regularized())
    pieces = train(compose(LanguageModeling, EveryStep), dtype=torch.float64, **regularized())
    assert_close(pieces.weights, whole.weights)


@pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN"])
def test_training_equals_a_loop_by_hand_under_the_same_masks(cell):
    kept: list[dict[str, torch.Tensor]] = []

    class Keep(LanguageModeling):
        def run_window(self) -> Any:
            ran = super().run_window()
            known = [module.cache for module in self.modules() if isinstance(module, Masks)]
            kept.append({str(key[0]): mask for masks in known for key, mask in masks.items()})
            return ran

    given = regularized(cell, num_layers=2)
    begin = dict(make(LanguageModeling, **given).double().named_parameters())
    w = {name: value.detach().clone().requires_grad_() for name, value in begin.items()}
    run = train(Keep, dtype=torch.float64, loader=restarting(), **given)
    optimizer, parts = torch.optim.Adam(w.values(), lr=0.02), 2 if cell == "LSTM" else 1
    step = {"LSTM": torch.lstm_cell, "GRU": torch.gru_cell, "RNN": torch.rnn_tanh_cell}[cell]
    for (inputs, targets, _), masks in zip([*restarting(), *restarting()], kept, strict=True):
        x = (w["embedding.weight"] * masks["tokens"][:, None])[inputs] * masks["inputs"]
        for layer in range(2):
            x = x * masks["outputs of layer 1"] if layer else x
            names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
            weights = [w[f"architecture.cells.{layer}.{name}"] for name in names]
            weights[1] = weights[1] * masks[f"weights of cell {layer}"]
            state, outputs = (x.new_zeros(len(x), 6),) * parts, []
            for t in range(x.shape[1]):
                made = step(x[:, t], state if parts > 1 else state[0], *weights)
                state = made if parts > 1 else (made,)
                outputs.append(state[0])
            x = torch.stack(outputs, 1)
        logits = (x * masks["outputs"]) @ w["head.weight"].T + w["head.bias"]
        optimizer.zero_grad()
        F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100).backward()
        optimizer.step()
    assert_close(run.weights, {name: value.detach() for name, value in w.items()})


@pytest.mark.parametrize("stop", [1, 3, 5])
@pytest.mark.parametrize("given", [regularized(), STEPWISE], ids=["fused", "step by step"])
def test_resumed_equals_never_stopped(given, stop, tmp_path):
    cls, path = compose(LanguageModeling, TruncatedBPTT, CarriedState), tmp_path / "last.ckpt"
    more = {**given, "k1": 3, "k2": 5, "validation": stream(seed=6), "trainer": {"val_check_interval": 2}}
    whole = train(cls, loader=restarting(), callbacks=[SaveAfter(stop, path)], **more)
    resumed = train(cls, loader=restarting(), resume=path, seed=77, **more)
    assert 0 < len(resumed.losses) < len(whole.losses)
    assert_same(resumed, whole)


class WithoutTargets(Callback):
    """Takes the targets of the third batch away."""

    def on_train_batch_start(self, trainer: Any, task: Any, batch: Any, number: int) -> None:
        if number == 2:
            batch.targets.fill_(-100)


def test_a_batch_without_targets_is_read_under_masks_of_its_own_and_resumes(tmp_path):
    cls, path = compose(LanguageModeling, EveryStep, CarriedState, Spy), tmp_path / "last.ckpt"
    more = {**regularized(), "trainer": {"max_epochs": 1}}
    whole = train(cls, loader=restarting(), callbacks=[WithoutTargets(), SaveAfter(2, path)], **more)
    resumed = train(cls, loader=restarting(), resume=path, seed=77, callbacks=[WithoutTargets()], **more)
    assert len(whole.losses) == 3
    assert_same(resumed, whole)
    assert resumed.task.calls[0][2] == whole.task.calls[-len(resumed.task.calls)][2], "the same masks"
    seeds = [seeds for number, _, seeds in whole.task.calls if number == -3]
    assert seeds and len({*seeds}) == 1 and seeds[0] not in [other for n, _, other in whole.task.calls if n != -3]


def test_each_batch_of_an_accumulated_step_has_masks_of_its_own():
    task = spied(trainer={"accumulate_grad_batches": 2})
    assert len({seeds for _, _, seeds in task.calls}) == task.windows_run == 8


def test_measuring_how_far_a_gradient_reaches_keeps_to_the_masks_of_the_batch():
    given = {"tolerated_bias": 0.3, "shortest": 2, "longest": 6, "lags": 4, "estimate_every": 1}
    task = spied(AdaptiveTruncation, **given)
    measured = [{seeds for n, _, seeds in task.calls if n == -batch} for batch in range(2, 9)]
    assert [len(seeds) for seeds in measured] == [1] * 7 and len(set.union(*measured)) == 7


def test_behind_training_each_call_has_masks_of_its_own_and_evaluation_none():
    task = spied()
    x = torch.randn(3, 4, 5)
    task.train()
    assert not torch.equal(task.architecture(x)[0], task.architecture(x)[0])
    every = torch.arange(7)[None]
    drawn = torch.stack([task.embed(every) for _ in range(20)])
    assert len({tuple((each == 0).all(-1)[0].tolist()) for each in drawn}) > 10
    task.eval()
    assert torch.equal(task.architecture(x)[0], task.architecture(x)[0])
    assert torch.equal(task.embed(torch.ones(2, 3).long()), task.embedding(torch.ones(2, 3).long()))


def test_nothing_to_drop_draws_no_random_number():
    nothing = {"variational_input": 0.0, "weight_drop": 0.0, "zoneout": 0.0, "layer_norm": False}
    plain = {"class_path": "LSTM", "init_args": {"hidden_size": 6, "num_layers": 2, "dropout": 0.3}}
    given = {**plain, "init_args": {**plain["init_args"], **nothing}}
    assert_same(
        train(LanguageModeling, architecture=given, embedding_dropout=0.0, dropout=0.3),
        train(LanguageModeling, architecture=plain, dropout=0.3),
    )


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_no_probability_is_refused(value):
    with pytest.raises(InputError, match=rf"embedding_dropout in \[0, 1\), got {value}"):
        make(LanguageModeling, embedding_dropout=value)


def test_an_unseen_seed_is_another_run():
    assert not torch.equal(
        fit(make(LanguageModeling, **regularized()), seed=1).weights["head.weight"],
        fit(make(LanguageModeling, **regularized()), seed=2).weights["head.weight"],
    )
