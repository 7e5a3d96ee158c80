"""The translation task against one written by hand, with and without truncation, feedback and clipping."""

import copy

import pytest
import torch
from torch.nn import functional as F

from conformance.training import assert_close, assert_same, fit, weights
from conformance.translation_pairs import SOURCES, TARGETS, TASK, ByHand, batches, loader
from unrolled import compose, strategies
from unrolled.errors import InputError
from unrolled.tasks import Translation
from unrolled.tasks.translation import decoding as translating


def make(*names, seed=0, **arguments):
    torch.manual_seed(seed)
    return compose(Translation, *(getattr(strategies, name) for name in names))(**{**TASK, **arguments}).double()


def trained(*names, epochs=1, **arguments):
    return fit(make(*names, **arguments), loader(), trainer={"max_epochs": epochs})


def hand(task):
    return ByHand(weights(task))


def gradients(model, loss):
    found = torch.autograd.grad(loss, [*model.values], allow_unused=True, materialize_grads=True)
    return dict(zip(model.names, found, strict=True))


def told(model):
    return dict(zip(model.names, (value.detach() for value in model.values), strict=True))


def everywhere(batch):
    return torch.ones_like(batch.inputs, dtype=torch.bool)


def test_a_run_is_the_loop_by_hand():
    model = hand(make())
    run = trained()
    for batch, loss, found in zip(batches(), run.losses, run.gradients, strict=True):
        expected = model.loss(batch, everywhere(batch))
        torch.testing.assert_close(loss, expected.detach(), rtol=0, atol=1e-12)
        by_name = gradients(model, expected)
        assert_close(found, by_name)
        with torch.no_grad():
            for name, value in zip(model.names, model.values, strict=True):
                value -= 0.5 * by_name[name]
    assert_close(run.weights, told(model))


@pytest.mark.parametrize("past", ["kept", "recomputed"])
@pytest.mark.parametrize(("k1", "k2"), [(3, 3), (2, 4), (1, 9)])
def test_every_window_of_a_long_target_teaches_the_encoder(k1, k2, past):
    """With the weights held still, each window's gradient is that of its own steps, cut k2 steps back."""
    still = {"class_path": "SGD", "init_args": {"lr": 0.0}}
    run = trained("TruncatedBPTT", k1=k1, k2=k2, past=past, optimizer=still)
    model, windows = hand(run.task), []
    for batch in batches():
        length = batch.inputs.shape[1]
        for begin in range(0, length, k1):
            stop = min(begin + k1, length)
            windows.append((batch, max(0, begin + k1 - k2), begin, stop))
    assert len(run.gradients) == len(windows)
    for (batch, cut, begin, stop), found in zip(windows, run.gradients, strict=True):
        assert_close(found, gradients(model, window_loss(model, batch, cut, begin, stop)))
        assert found["source_embedding.weight"].abs().sum() > 0


def window_loss(model, batch, cut, begin, stop):
    """The mean over the targets of steps `begin` to `stop`; the decoder's state is cut in front of step `cut`."""
    logits, targets = [], []
    for row in range(len(batch.inputs)):
        values, state = model.read(batch.source[row, : batch.source_lengths[row]])
        for t in range(stop):
            if t == cut > 0:
                state = tuple(part.detach() for part in state)
            out, state = model.step(batch.inputs[row, t], values, state)
            if t >= begin:
                logits.append(out)
                targets.append(batch.targets[row, t])
    return F.cross_entropy(torch.stack(logits), torch.stack(targets), ignore_index=-100)


@pytest.mark.parametrize(
    ("names", "arguments"),
    [
        (["CheckpointedBPTT"], {"segments": 3}),
        (["TruncatedBPTT"], {"k1": 9}),
        (["TeacherForcing"], {"ratio": 1.0}),
        (["ScheduledSampling"], {"start": 1.0, "end": 1.0}),
        (["ClipNorm"], {"max_norm": float("inf")}),
        (["ClipStateGradient"], {"max_state_gradient": float("inf")}),
    ],
)
def test_what_strategies_leave_as_it_is(names, arguments):
    plain, other = trained(), trained(*names, **arguments)
    assert_close(other.weights, plain.weights)


@pytest.mark.parametrize(
    ("names", "arguments"),
    [
        (["FreeRunning"], {}),
        (["TeacherForcing"], {"ratio": 0.0}),
        (["ParallelScheduledSampling"], {"start": 0.0, "end": 0.0, "passes": 7}),
    ],
)
def test_a_decoder_that_reads_its_own_output(names, arguments):
    """Every step but the first reads the likeliest id behind the step before; the gradient is that of reading it."""
    model = hand(make())
    run = trained(*names, **arguments)
    for batch, loss, found in zip(batches(), run.losses, run.gradients, strict=True):
        expected = model.loss(batch, ~everywhere(batch))
        torch.testing.assert_close(loss, expected.detach(), rtol=0, atol=1e-12)
        by_name = gradients(model, expected)
        assert_close(found, by_name)
        with torch.no_grad():
            for name, value in zip(model.names, model.values, strict=True):
                value -= 0.5 * by_name[name]


def test_coins_of_scheduled_sampling():
    model = hand(make())
    run = trained("TeacherForcing", ratio=0.5)
    torch.manual_seed(0)  # where `fit` starts the coins
    for batch, loss, found in zip(batches(), run.losses, run.gradients, strict=True):
        coins = torch.rand(batch.inputs.shape) < 0.5
        expected = model.loss(batch, coins)
        torch.testing.assert_close(loss, expected.detach(), rtol=0, atol=1e-12)
        by_name = gradients(model, expected)
        assert_close(found, by_name)
        with torch.no_grad():
            for name, value in zip(model.names, model.values, strict=True):
                value -= 0.5 * by_name[name]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("LossScheduledSampling", {"start": 0.9, "end": 0.2, "high": 1.95, "low": 1.75}),
        ("ProfessorForcing", {"weight": 1.0, "discriminator_size": 4, "heard_above": 0.4}),
        ("FreeRunning", {"fed_back": "expected", "gradient": True}),
        ("ClipStateGradient", {"max_state_gradient": 1e-3, "by": "norm"}),
        ("ClipNorm", {"max_norm": 0.05}),
        ("ClipValue", {"max_value": 0.001}),
        ("ClipPerLayer", {"max_norm": 0.01}),
        ("AdaptiveClip", {"clipping_factor": 0.001}),
        ("AutoClip", {"percentile": 10.0}),
        ("GradientNoise", {"eta": 1e-3}),
    ],
)
def test_the_other_strategies_of_a_decoder_train(name, arguments):
    plain, run = trained(epochs=2), trained(name, epochs=2, **arguments)
    assert all(torch.isfinite(value).all() for value in run.weights.values())
    assert not torch.equal(run.weights["head.weight"], plain.weights["head.weight"])


def shrunk(found, most):
    """The gradient of all weights, so long as `most` at most."""
    long = torch.stack([value.norm() for value in found.values()]).norm()
    return {name: value * min(1.0, float(most / (long + 1e-6))) for name, value in found.items()}


CLIPS = {
    "ClipNorm": ({"max_norm": 0.05}, lambda found: shrunk(found, 0.05)),
    "ClipValue": ({"max_value": 0.01}, lambda found: {name: g.clamp(-0.01, 0.01) for name, g in found.items()}),
}


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("k", [3, 9])
def test_clipped_windows_of_a_long_target_by_hand(clip, k):
    """Each window of k steps takes a step of its own, with the clipped gradient of its targets, cut where it begins."""
    given, clipped = CLIPS[clip]
    model = hand(make())
    run = trained("TruncatedBPTT", clip, k1=k, k2=k, **given)
    for batch in batches():
        states = None
        for begin in range(0, batch.inputs.shape[1], k):
            logits, states = window(model, batch, begin, min(begin + k, batch.inputs.shape[1]), states)
            targets = batch.targets[:, begin : begin + k]
            loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)
            by_name = clipped(gradients(model, loss))
            with torch.no_grad():
                for name, value in zip(model.names, model.values, strict=True):
                    value -= 0.5 * by_name[name]
    assert_close(run.weights, told(model))


def window(model, batch, begin, end, states):
    """Logits of these steps from the states of each row, which the step before left; and the states behind them."""
    rows, after = [], []
    for row in range(len(batch.inputs)):
        values, state = model.read(batch.source[row, : batch.source_lengths[row]])
        state = state if states is None else tuple(part.detach() for part in states[row])
        logits = []
        for t in range(begin, end):
            out, state = model.step(batch.inputs[row, t], values, state)
            logits.append(out)
        rows.append(torch.stack(logits))
        after.append(state)
    return torch.stack(rows), after


@pytest.mark.parametrize("names", [(), ("TruncatedBPTT", "FreeRunning", "ClipNorm")], ids=["alone", "three together"])
def test_a_resumed_run_is_one_that_never_stopped(names, tmp_path):
    arguments = {"TruncatedBPTT": {"k1": 3}, "ClipNorm": {"max_norm": 0.3}}
    given = {key: value for name in names for key, value in arguments.get(name, {}).items()}
    given |= {"coverage": True, "dropout": 0.2}
    from conformance.training import SaveAfter

    saved = tmp_path / "last.ckpt"
    taken = 3 if not names else 5  # three batches of one step; five windows of the first two
    whole = fit(make(*names, **given), loader(), callbacks=[SaveAfter(taken, saved)])
    if not saved.exists():
        pytest.fail("nothing was saved")
    resumed = fit(make(*names, seed=9, **given), loader(), resume=saved, seed=77)
    assert 0 < len(resumed.losses) < len(whole.losses)
    assert_same(resumed, whole)


def test_padding_changes_nothing():
    """A row alone, and beside longer ones, has the same loss and teaches the same."""
    task, batch = make(), batches()[0]
    task.eval()
    rows = []
    for row in range(3):
        steps, length = int((batch.targets[row] != -100).sum()), int(batch.source_lengths[row])
        alone = type(batch)(*(part[row : row + 1, :steps] for part in batch[:3]), *batch[3:])
        alone = alone._replace(source=batch.source[row : row + 1, :length], source_lengths=torch.tensor([length]))
        rows.append(measured(task, alone))
    together = measured(task, batch)
    assert together[1] == sum(count for _, count in rows)
    torch.testing.assert_close(together[0], sum(total for total, _ in rows), rtol=0, atol=1e-12)
    other = batch._replace(source=batch.source.where(batch.source > 0, 5))
    assert not torch.equal(other.source, batch.source) and torch.equal(measured(task, other)[0], together[0])


def measured(task, batch):
    with torch.no_grad(), task.reading(task.read_source(batch.source, batch.source_lengths)):
        hidden, _ = task.predict(batch.inputs, task.initial_state(len(batch.inputs)))
        return task.measure(hidden, batch.targets)


@pytest.mark.parametrize("width", [1, 3])
def test_what_is_said_of_a_sentence_does_not_depend_on_those_beside_it(width):
    task, batch = make().eval(), batches()[0]
    with torch.no_grad():
        task.head.bias[2] = -1e3  # it never ends, so that the limit tells
    together = task.translate(batch.source, batch.source_lengths, width=width)
    for row, length in enumerate(batch.source_lengths.tolist()):
        alone = task.translate(batch.source[row : row + 1, :length], batch.source_lengths[row : row + 1], width=width)
        assert alone.ids.shape[1] == 2 * length + 10
        ids = together.ids[row]
        assert torch.equal(ids[: 2 * length + 10], alone.ids[0]) and (ids[2 * length + 10 :] == 2).all()
        torch.testing.assert_close(together.scores[row], alone.scores[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("width", [1, 3])
def test_a_translations_log_probability_is_the_models_own(width):
    task, batch = make().eval(), batches()[0]
    with torch.no_grad():
        found = task.translate(batch.source, batch.source_lengths, width=width, alpha=0.8)
        model = hand(task)
        for row, ids in enumerate(found.ids.tolist()):
            ids = ids[: 2 * int(batch.source_lengths[row]) + 10]
            ids = ids[: ids.index(2) + 1] if 2 in ids else ids
            values, state = model.read(batch.source[row, : batch.source_lengths[row]])
            total, token = 0.0, 1
            for wanted in ids:
                logits, state = model.step(token, values, state)
                total, token = total + float(logits.log_softmax(-1)[wanted]), wanted
            assert float(found.log_probabilities[row]) == pytest.approx(total, abs=1e-12)


def test_a_beam_of_one_says_what_the_free_run_says():
    task, batch = make().eval(), batches()[0]
    with torch.no_grad():
        task.head.bias[:2] = -1e3  # a translation says neither <unk> nor <bos>
    memory = task.read_source(batch.source, batch.source_lengths)
    found = task.translate(batch.source, batch.source_lengths).ids
    with task.reading(memory):
        free = task.run_free(batch.inputs[:, :1], found.shape[1])
    limits = (2 * batch.source_lengths + 10).tolist()
    for mine, theirs, limit in zip(found.tolist(), free.tolist(), limits, strict=True):
        theirs = theirs[:limit]
        end = theirs.index(2) if 2 in theirs else len(theirs)
        assert mine[:end] == theirs[:end] and all(number == 2 for number in mine[end:])


def test_an_evaluation_measures_the_free_run_beside_the_forced_one():
    task = make()
    run = fit(task, loader(2), validation=loader(3, seed=8), trainer={"max_epochs": 1})
    logged = {name: float(value) for name, value in run.trainer.callback_metrics.items()}
    model, total, count, free, forced, truth = hand(task), 0.0, 0, [], [], []
    with torch.no_grad():
        for batch in batches(3, seed=8):
            for row in range(3):
                logits, targets = model.run(row, batch, torch.ones(batch.inputs.shape[1])), batch.targets[row]
                total += float(F.cross_entropy(logits, targets, ignore_index=-100, reduction="sum"))
                count += int((targets != -100).sum())
                truth.append(sentence(targets))
                forced.append(sentence(torch.where(targets == -100, 2, 2 + logits[:, 2:].argmax(-1))))
                free.append(sentence(alone(model, batch, row)))
    import sacrebleu

    assert logged["val/loss"] == pytest.approx(total / count, abs=1e-9)
    assert logged["val/perplexity"] == pytest.approx(torch.tensor(total / count).exp().item(), abs=1e-5)
    assert logged["val/bleu"] == pytest.approx(sacrebleu.corpus_bleu(free, [truth]).score, abs=1e-4)
    assert logged["val/chrf"] == pytest.approx(sacrebleu.corpus_chrf(free, [truth]).score, abs=1e-4)
    assert logged["val/teacher_forced_bleu"] == pytest.approx(sacrebleu.corpus_bleu(forced, [truth]).score, abs=1e-4)
    assert logged["val/exposure_gap"] == pytest.approx(logged["val/teacher_forced_bleu"] - logged["val/bleu"], abs=1e-4)
    assert logged["val/exact_match"] == sum(map(str.__eq__, free, truth)) / 9
    assert free != forced


def alone(model, batch, row):
    values, state = model.read(batch.source[row, : batch.source_lengths[row]])
    token, ids = 1, []
    while len(ids) < 2 * int(batch.source_lengths[row]) + 10 and token != 2:
        logits, state = model.step(token, values, state)
        token = 2 + int(logits[2:].argmax())  # it says neither <unk> nor <bos>
        ids.append(token)
    return torch.tensor(ids)


def sentence(ids):
    ids = ids.tolist()
    return " ".join(map(str, ids[: ids.index(2)] if 2 in ids else ids))


def test_an_evaluation_does_not_move_training():
    assert_same(fit(make(dropout=0.3), loader(), validation=loader(2)), fit(make(dropout=0.3), loader()))


def test_batches_of_other_source_lengths_are_evaluated_apart():
    """Coverage is as long as the source; nothing of it reaches the next batch."""
    task, held_out = make(coverage=True), loader(3, seed=8)
    assert len({batch.source.shape for batch in held_out}) > 1
    run = fit(task, loader(1), validation=held_out, trainer={"max_epochs": 1})
    totals, counts = zip(*(measured_alone(task, batch) for batch in held_out), strict=True)
    assert float(run.trainer.callback_metrics["val/loss"]) == pytest.approx(float(sum(totals) / sum(counts)), abs=1e-9)


def measured_alone(task, batch):
    task.eval()
    return measured(task, batch)


def test_label_smoothing_is_for_training_alone():
    smooth, plain = make(label_smoothing=0.3), make()
    batch = batches()[0]
    assert not torch.equal(measured(smooth.train(), batch)[0], measured(plain.train(), batch)[0])
    assert torch.equal(measured(smooth.eval(), batch)[0], measured(plain.eval(), batch)[0])


def test_tied_weights_are_one_tensor():
    task = make(tied=True, embedding_size=4)
    assert task.head.weight is task.embedding.weight and task.head.weight.shape == (TARGETS, 4)
    assert task.source_embedding.weight.shape == (SOURCES, 4)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"vocabulary_size": 0}, "vocabularies and an embedding_size of at least 1"),
        ({"embedding_size": 0}, "vocabularies and an embedding_size of at least 1"),
        ({"label_smoothing": 1.0}, "label_smoothing in \\[0, 1\\)"),
        ({"label_smoothing": float("nan")}, "label_smoothing in \\[0, 1\\)"),
        ({"tied": True}, "tied needs embedding_size = hidden_size, got 3 and 4"),
        ({"attention": "dot"}, "expected additive, multiplicative or none, got dot"),
        ({"attention": "none"}, "input_feeding needs an attention"),
        ({"attention": "multiplicative", "coverage": True}, "coverage needs additive scores"),
        ({"architecture": {"class_path": "InfluenceNetwork", "init_args": {}}}, "needs a recurrent cell"),
        (
            {"architecture": {"class_path": "GRU", "init_args": {"hidden_size": 4, "bidirectional": True}}},
            "one direction for a Translation's decoder, got .* the encoder always reads in both directions",
        ),
    ],
)
def test_refusals(arguments, named):
    with pytest.raises(InputError, match=named):
        Translation(**copy.deepcopy({**TASK, **arguments}))


@pytest.mark.parametrize("width", [1, 4])
def test_neither_unknown_nor_begin_is_said(width):
    task, batch = make().eval(), batches()[0]
    with torch.no_grad():
        task.head.bias[:2] = 1e3  # what it would say
    found = task.translate(batch.source, batch.source_lengths, width=width)
    assert int(found.ids.min()) >= 2 and (found.log_probabilities < -900).all()  # the model's own log-probability


def test_examples_are_spread_over_an_evaluation():
    assert translating.few([{"n": n} for n in range(12)]) == [{"n": n} for n in (0, 2, 4, 7, 9)]
    assert translating.few([{"n": 1}]) == [{"n": 1}] and translating.few([]) == []
