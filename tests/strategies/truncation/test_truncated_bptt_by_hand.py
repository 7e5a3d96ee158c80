"""TruncatedBPTT, kept and recomputed, against graphs cut by hand; written from the papers, not from the code."""

import copy
import gc
import math
import weakref

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from conformance.bptt_runs import LR, STACK, agree, architecture, batch, hand_weights, loader, only, ragged, ran, sgd
from conformance.feedback_spy import Spy
from conformance.references.bptt import CELLS, IGNORE, advance, initial, loss_of, trained, williams_peng
from conformance.token_streams import V
from conformance.training import DROPOUT, assert_close, assert_same, fit, make, train, weights
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import ScheduledSampling, TeacherForcing, TruncatedBPTT
from unrolled.tasks import LanguageModeling

Truncated = compose(LanguageModeling, TruncatedBPTT)
K = [(3, 3), (2, 4), (3, 5), (4, 20), (1, 3)]  # k1 = k2; a multiple; none; beyond the batch; every step
LADDER = (9, 7, 4, 1)  # T, so that each of K meets a T that is a multiple of k1, one that is not, and one below k2
FORMS = ("recomputed", "kept")
each_k = pytest.mark.parametrize(("k1", "k2"), K)
each_stack = pytest.mark.parametrize(("cell", "layers"), STACK)
each_form = pytest.mark.parametrize("past", FORMS)


def compare(batches, k1, k2, past, cell="LSTM", layers=1, lr=LR, cls=Truncated, read=None, **given):
    """Run, then by hand; `read` are the batches as they were read, where feedback chose."""
    run, begin = ran(cls, cell, batches, layers=layers, lr=lr, k1=k1, k2=k2, past=past, **given)
    agree(run, trained(cell, begin, read() if read else batches, williams_peng(k1, k2), past=past, lr=lr))
    return run


# ------------------------------------------------------------------------------------------------ the hand loop itself


@each_k
def test_the_loop_by_hand_equals_a_graph_detached_with_detach(k1, k2):
    """Weights held still: each window unrolled from the batch's first step, and its state detached at its start."""
    inputs, targets, fresh = ragged(9)
    begin = hand_weights(make(LanguageModeling, architecture=architecture("GRU")).double())
    steps, _ = trained("GRU", begin, [(inputs, targets, fresh)], williams_peng(k1, k2), past="kept")
    again, _ = trained("GRU", begin, [(inputs, targets, fresh)], williams_peng(k1, k2), past="recomputed")
    for step, other, (start, new, stop) in zip(steps, again, williams_peng(k1, k2)(9), strict=True):
        w = {name: value.clone().requires_grad_() for name, value in begin.items()}
        state, loss = initial("GRU", w, 3), 0.0
        for t in range(stop):
            state = tuple(part.detach() for part in state) if t == start else state
            state = advance("GRU", w, inputs[:, t], state)
            loss = loss + loss_of(w, state, targets[:, t]) if t >= new else loss
        loss = loss / (targets[:, new:stop] != IGNORE).sum()
        expected = dict(zip(w, torch.autograd.grad(loss, [*w.values()]), strict=True))
        assert_close(step.gradients, expected, 1e-13)
        assert_close(other.gradients, expected, 1e-13)


# --------------------------------------------------------------------------------------------------- the two forms


@each_form
@pytest.mark.parametrize(("k1", "k2"), K[:3])
@each_stack
def test_every_window_with_the_weights_held_still(cell, layers, k1, k2, past):
    compare([ragged(length) for length in LADDER], k1, k2, past, cell, layers, lr=0.0)


@each_form
@pytest.mark.parametrize(("k1", "k2"), K[1:3])
@each_stack
def test_every_window_while_the_weights_move(cell, layers, k1, k2, past):
    compare([ragged(length) for length in LADDER], k1, k2, past, cell, layers)


@each_form
@pytest.mark.parametrize(("k1", "k2"), [(1, 3), (1, 7), (2, 7), (4, 20), (5, 6), (7, 8), (9, 10), (3, 6), (2, 9)])
def test_more_windows_while_the_weights_move(k1, k2, past):
    compare([ragged(length, seed=2) for length in (13, 9, 8)], k1, k2, past, lr=0.5)


@each_k
def test_the_two_forms_are_one_while_the_weights_are_still(k1, k2):
    """Also a short batch behind a long one, and one of a single step."""
    batches = [ragged(length) for length in LADDER]
    kept, again = (
        ran(Truncated, "LSTM", batches, k1=k1, k2=k2, past=past)[0].gradients for past in ("kept", "recomputed")
    )
    for one, other in zip(kept, again, strict=True):
        assert_close(one, other)


def test_the_two_forms_differ_where_a_window_reaches_back_over_a_step():
    kept, again = (ran(Truncated, "GRU", [batch(9)], k1=3, k2=5, past=past, lr=LR)[0] for past in FORMS)
    assert not torch.equal(kept.weights["head.weight"], again.weights["head.weight"])
    kept, again = (ran(Truncated, "GRU", [batch(9)], k1=3, k2=3, past=past, lr=LR)[0] for past in FORMS)
    assert_close(kept.weights, again.weights)


def test_kept_is_what_is_done_unless_said():
    given = {"k1": 3, "k2": 5, "lr": LR}
    unsaid, said = (ran(Truncated, "LSTM", [batch(9)], **given, **more)[0] for more in ({}, {"past": "kept"}))
    assert_same(unsaid, said)


@each_form
def test_weights_that_serve_twice(past):
    """The embedding is the output layer too."""
    compare([ragged(9), ragged(7)], 3, 5, past, lr=0.5, tied=True, embedding_size=6)


@each_form
def test_weights_that_do_not_learn(past):
    task = make(Truncated, k1=3, k2=5, past=past, optimizer=sgd(LR)).double()
    task.embedding.weight.requires_grad_(False)
    begin, batches = hand_weights(task), [ragged(9), ragged(7)]
    run = fit(task, loader(batches), trainer={"max_epochs": 1})
    steps, _ = trained("LSTM", begin, batches[:1], williams_peng(3, 5), past=past)
    still = begin["embedding.weight"]
    assert torch.equal(run.weights["embedding.weight"], still) and "embedding.weight" not in run.gradients[0]
    assert_close(run.gradients[0], {name: g for name, g in steps[0].gradients.items() if name in run.gradients[0]})
    assert len(run.gradients) == 6 and not torch.equal(run.weights["head.bias"], begin["head.bias"])


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@each_form
def test_the_weights_follow_any_optimizer(optimizer, past):
    """Adam moves its weights in place, in a fused or a foreach call: a kept graph must not notice."""
    given = {"class_path": optimizer, "init_args": {"lr": 0.05}}
    task = make(Truncated, k1=2, k2=5, past=past, optimizer=given).double()
    w, batches = hand_weights(task), [ragged(9), ragged(7)]
    leaves = {name: value.clone() for name, value in w.items()}
    own = getattr(torch.optim, optimizer)(leaves.values(), lr=0.05)
    run = fit(task, loader(batches), trainer={"max_epochs": 1})
    for one, step in zip(run.gradients, _follow(leaves, own, batches, past), strict=True):
        assert_close(one, step)
    assert_close(run.weights, leaves)


def _follow(leaves, optimizer, batches, past):
    """The same loop once more, for any optimizer and one layer, with no code of the kit but the cell."""
    gradients = []
    for inputs, targets, _ in batches:
        before, copies = {0: initial("LSTM", leaves, 3)}, {}
        for start, new, stop in williams_peng(2, 5)(inputs.shape[1]):
            first, loss = (start if past == "recomputed" else new), 0.0
            state = before[first] if past == "kept" else tuple(part.detach() for part in before[first])
            for t in range(first, stop):
                copies[t] = {name: value.detach().clone().requires_grad_() for name, value in leaves.items()}
                state = before[t + 1] = advance("LSTM", copies[t], inputs[:, t], state)
                loss = loss + loss_of(copies[t], state, targets[:, t]) if t >= new else loss
            (loss / (targets[:, new:stop] != IGNORE).sum()).backward(retain_graph=True)
            for name, value in leaves.items():
                value.grad = sum(copies[t][name].grad for t in range(start, stop) if copies[t][name].grad is not None)
            for weights_of_step in copies.values():
                for value in weights_of_step.values():
                    value.grad = None
            gradients.append({name: value.grad.clone() for name, value in leaves.items()})
            optimizer.step()
    return gradients


# ------------------------------------------------------------------------------------------------- targets and rows


@each_form
def test_junk_behind_the_end_of_a_row_changes_nothing(past):
    clean = ragged(9)
    junk = clean.inputs.clone()
    junk[1, 6:] = (junk[1, 6:] + 1 + torch.arange(3)) % V  # behind the end of row 1
    assert not torch.equal(junk, clean.inputs)
    given = {"k1": 2, "k2": 5, "past": past, "lr": LR}
    one, other = (ran(Truncated, "LSTM", [clean._replace(inputs=x)], **given)[0] for x in (clean.inputs, junk))
    assert_close(one.weights, other.weights)
    for a, b in zip(one.gradients, other.gradients, strict=True):
        assert_close(a, b)


SPARSE = {  # (row, step) of the targets, T, steps of the optimizer with k1 = 3
    "first window alone": ([(0, 1), (2, 2)], 12, 1),
    "first and last": ([(1, 0), (0, 11)], 12, 2),
    "a gap of one window": ([(0, 2), (1, 7), (2, 8), (0, 10)], 12, 3),
    "one in the middle": ([(1, 4)], 12, 1),
    "none": ([], 12, 0),
    "a short last window without": ([(0, 5), (1, 5)], 10, 1),
}


@each_form
@pytest.mark.parametrize("case", SPARSE)
@pytest.mark.parametrize("k2", [3, 5, 7])
def test_windows_without_a_target_take_no_step(case, k2, past):
    """A row also starts anew where nothing is learnt."""
    places, length, steps = SPARSE[case]
    marked = only(length, *places, marks=[(0, 6), (2, 5), (1, 9)])
    run = compare([only(length, *places), marked, ragged(7)], 3, k2, past, [*CELLS][k2 % 4])
    assert len(run.gradients) == 2 * steps + 3


def reads(run_class, batches, **given):
    """Widths of the pieces that were read with a graph, and without."""
    task = make(run_class, **{"architecture": architecture("GRU"), "optimizer": sgd(LR), **given}).double()
    spy = Spy(task)
    run = fit(task, loader(batches), trainer={"max_epochs": 1})
    return run, [x.shape[1] for x in spy.trained], [x.shape[1] for x in spy.sought]


@each_form
@pytest.mark.parametrize(("length", "k1", "k2"), [(20, 4, 6), (20, 4, 4), (20, 5, 20), (21, 3, 7), (20, 1, 3)])
def test_a_loss_at_the_last_step_alone_trains_the_last_k2_steps(length, k1, k2, past):
    """One optimizer step; the steps before the last k2 run without a graph."""
    last = only(length, *[(row, length - 1) for row in range(3)])
    run, trained_steps, sought = reads(Truncated, [last], k1=k1, k2=k2, past=past)
    assert len(run.gradients) == 1 and (sum(trained_steps), sum(sought)) == (k2, length - k2)
    compare([last, last], k1, k2, past, "GRU")


@each_form
@pytest.mark.parametrize(("length", "k1", "k2"), [(22, 4, 6), (19, 5, 5), (10, 35, 35), (10, 35, 4 + 35), (23, 4, 12)])
def test_the_last_k2_steps_train_also_where_the_batch_ends_between_two_windows(length, k1, k2, past):
    last = only(length, *[(row, length - 1) for row in range(3)])
    run, trained_steps, sought = reads(Truncated, [last], k1=k1, k2=k2, past=past)
    reach = min(k2, length)
    assert len(run.gradients) == 1 and (sum(trained_steps), sum(sought)) == (reach, length - reach)
    begin = hand_weights(make(Truncated, architecture=architecture("GRU")).double())
    spans = [(0, 0, length - reach), (length - reach, length - reach, length)]
    agree(run, trained("GRU", begin, [last], lambda _: spans, lr=LR))


@each_form
def test_the_tokens_before_the_last_k2_steps_get_no_gradient(past):
    last = only(7, (0, 6), (1, 6), (2, 6))
    last.inputs[:] = torch.arange(7)  # V = 7: each token stands once in a row
    run, _ = ran(Truncated, "LSTM", [last], k1=2, k2=3, past=past)
    assert run.gradients[0]["embedding.weight"].any(1).nonzero().flatten().tolist() == [4, 5, 6]


def test_kept_runs_nothing_twice():
    for k1, k2 in K:
        _, trained_steps, sought = reads(Truncated, [batch(9), batch(7)], k1=k1, k2=k2, past="kept")
        assert sum(trained_steps) == 9 + 7 and not sought


def test_kept_makes_a_graph_only_where_a_later_window_reaches():
    """k1 = 4, k2 = 6, targets in the first and the last of six windows: [0, 4) and [18, 24)."""
    _, trained_steps, sought = reads(Truncated, [only(24, (0, 3), (1, 21))], k1=4, k2=6, past="kept")
    assert (sum(trained_steps), sum(sought)) == (10, 14)


# --------------------------------------------------------------------------------------------------------- memory


class Token:
    """Alive as long as the graph of a piece that was run."""

    def __init__(self, steps):
        self.steps = steps


class Mark(torch.autograd.Function):
    @staticmethod
    def forward(ctx, token, *tensors):
        ctx.token = token
        return tuple(tensor.clone() for tensor in tensors)

    @staticmethod
    def backward(ctx, *gradients):
        return None, *gradients


class Alive(pl.Callback):
    """How many time steps' graphs are alive at each optimizer step, behind each batch, and how many were made."""

    def __init__(self):
        self.tokens, self.steps, self.ends, self.made = [], [], [], 0

    def setup(self, trainer, task, stage):
        task.architecture.register_forward_hook(self._mark)

    def _mark(self, module, inputs, output):
        if not torch.is_grad_enabled():
            return None
        token = Token(inputs[0].shape[1])
        self.tokens.append(weakref.ref(token))
        self.made += token.steps
        hidden, *state = Mark.apply(token, output[0], *output[1])
        return hidden, tuple(state)

    def count(self):
        return sum(token.steps for ref in self.tokens if (token := ref()) is not None)

    def on_before_optimizer_step(self, trainer, task, optimizer):
        self.steps.append(self.count())

    def on_train_batch_start(self, trainer, task, batch, batch_idx):
        self.ends += [self.count()] if batch_idx else []  # what the batch before has left


@each_form
@pytest.mark.parametrize(("k1", "k2"), [(4, 4), (4, 6), (2, 8), (3, 10)])
def test_graphs_out_of_reach_are_freed(k1, k2, past):
    """At a step there are the graphs of the last k2 steps, and of at most k1 more; between batches there is none."""
    most = {}
    gc.disable()  # what waits for the collector of cycles is not freed
    try:
        for length in (24, 72):
            alive = Alive()
            run, _ = ran(Truncated, "LSTM", [batch(length)] * 2, k1=k1, k2=k2, past=past, lr=LR, callbacks=[alive])
            most[length] = max(alive.steps)
            assert alive.made >= 2 * length and [*alive.ends, alive.count()] == [0, 0]
            assert len(alive.steps) == 2 * math.ceil(length / k1) == len(run.gradients)
    finally:
        gc.enable()
    assert most[24] == most[72] <= k2 + k1


def test_the_marks_see_a_whole_graph():
    alive = Alive()
    ran(LanguageModeling, "LSTM", [batch(24)], callbacks=[alive])
    assert alive.made == 24 and alive.steps == [24] and alive.count() == 0


# ------------------------------------------------------------------------------------------------ in company


@each_form
def test_dropout_is_the_same_under_a_seed_and_another_under_another(past):
    given = {**DROPOUT, "k1": 3, "k2": 5, "past": past}
    first = train(Truncated, **given)
    assert_same(train(Truncated, **given), first)
    other = train(Truncated, seed=1, **given)
    assert not torch.equal(other.losses[0], first.losses[0])
    assert all(bool(torch.isfinite(loss)) for loss in first.losses)


@each_form
@pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN"])
def test_bfloat16_is_near_float32(cell, past):
    given = {"k1": 3, "k2": 5, "past": past, "architecture": architecture(cell, 2)}
    wide, narrow = (train(Truncated, **given, trainer={"precision": p}) for p in ("32-true", "bf16-mixed"))
    assert len(wide.losses) == len(narrow.losses)
    assert all(value.dtype == torch.float32 for value in narrow.weights.values())
    torch.testing.assert_close(torch.stack(narrow.losses).float(), torch.stack(wide.losses), rtol=0.03, atol=0.03)


FEEDBACK = [
    (TeacherForcing, {"ratio": 0.5}),
    (TeacherForcing, {"ratio": 0.0}),
    (ScheduledSampling, {"start": 1.0, "end": 0.0, "decay": "linear", "over": 8}),
]


@pytest.mark.parametrize(("owner", "arguments"), FEEDBACK)
@pytest.mark.parametrize(("k1", "k2"), [(3, 3), (3, 5), (2, 7)])
def test_kept_with_the_models_own_words(owner, arguments, k1, k2):
    """On the tokens that were read the gradients are those of the loop by hand; nothing was read twice."""
    batches = [ragged(9, seed=4), ragged(7, seed=4)]
    cls = compose(LanguageModeling, TruncatedBPTT, owner)
    given = {"k1": k1, "k2": k2, "past": "kept", "architecture": architecture("LSTM"), **arguments}
    task, twin = (make(cls, optimizer=sgd(LR), **given).double() for _ in range(2))
    begin, spy = hand_weights(task), Spy(task)
    run = fit(task, loader(batches), trainer={"max_epochs": 1})
    tokens = torch.cat(spy.trained, 1)
    assert tokens.shape == (3, 16) and not torch.equal(tokens, torch.cat([b.inputs for b in batches], 1))
    read = [b._replace(inputs=x) for b, x in zip(batches, tokens.split([9, 7], 1), strict=True)]
    agree(run, trained("LSTM", begin, read, williams_peng(k1, k2), past="kept", lr=LR))
    assert_same(fit(twin, loader(batches), trainer={"max_epochs": 1}), run)


@each_form
def test_accumulation_is_refused_in_one_line(past):
    with pytest.raises(InputError, match="accumulate_grad_batches.*got 2") as caught:
        train(Truncated, k1=3, k2=5, past=past, trainer={"accumulate_grad_batches": 2})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["keep", "", "KEPT", None])
def test_another_form_is_refused_in_one_line(wrong):
    with pytest.raises(InputError, match="kept.*recomputed") as caught:
        make(Truncated, past=wrong)
    assert "\n" not in str(caught.value)


@each_form
@pytest.mark.parametrize("marks", [[(0, 4)], [(0, 3), (2, 1), (1, 5)], [(0, 2), (0, 3), (0, 6), (1, 8)]], ids=str)
@pytest.mark.parametrize(("k1", "k2"), [(3, 3), (3, 5), (2, 7)])
def test_a_row_that_starts_anew_inside_a_batch(marks, k1, k2, past):
    """Without a carried state too: neither state nor gradient crosses the mark, wherever the window starts."""
    compare([ragged(9, marks=marks), ragged(9, seed=1, marks=marks)], k1, k2, past)


@each_stack
def test_the_base_alone_starts_rows_anew_inside_a_batch(cell, layers):
    batches = [ragged(9, marks=[(0, 4), (2, 4), (1, 1)]), ragged(4, marks=[(1, 3), (1, 0)]), ragged(1, marks=[(0, 0)])]
    run, begin = ran(LanguageModeling, cell, batches, layers=layers, lr=LR)
    agree(run, trained(cell, begin, batches, lr=LR))


@pytest.mark.parametrize("strategies", [(), (TruncatedBPTT,)], ids=["base", "truncated"])
def test_a_row_that_starts_anew_reads_the_truth_there(strategies):
    """The model's own last word belongs to the sequence before."""
    cls = compose(LanguageModeling, TeacherForcing, *strategies)
    made = batch(9, marks=[(0, 4), (2, 7)])
    made.inputs[:] = made.inputs.clamp(min=1)
    task = make(cls, ratio=0.0, **({"k1": 3, "k2": 5} if strategies else {})).double()
    with torch.no_grad():
        task.head.bias[0] = 1e3  # its own word is always 0
    spy = Spy(task)
    fit(task, loader([made]), trainer={"max_epochs": 1})
    truth = torch.zeros(3, 9, dtype=torch.bool)
    truth[:, 0] = truth[0, 4] = truth[2, 7] = True
    assert torch.equal(torch.cat(spy.trained, 1), torch.where(truth, made.inputs, 0))


@each_form
def test_no_graph_hangs_on_the_task_behind_a_run(past):
    """What copies a task, as averaging of weights does, cannot copy a graph."""
    run, _ = ran(Truncated, "LSTM", [batch(9)], k1=2, k2=5, past=past, lr=LR)
    assert {type(p) for p in run.task.parameters()} == {nn.Parameter}
    assert_close(weights(copy.deepcopy(run.task)), run.weights, 0)


@pytest.mark.parametrize("given", [{}, {"k1": 3, "k2": 5}, {"k1": 3, "k2": 5, "past": "recomputed"}], ids=str)
def test_a_batch_without_a_target_moves_nothing_though_the_optimizer_has_momentum(given):
    """Adam and weight decay move the weights at a step whose gradient is zero: there must be no step."""
    decaying = {"class_path": "AdamW", "init_args": {"lr": 0.02, "weight_decay": 0.1}}
    one, two = (
        fit(make(Truncated if given else LanguageModeling, optimizer=decaying, **given), loader(batches))
        for batches in ([batch(9)], [batch(9), only(9)])
    )
    assert_close(two.weights, one.weights, 0)
