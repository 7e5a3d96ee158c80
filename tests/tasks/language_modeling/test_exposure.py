"""What a language model writes alone: each figure by hand, and that the rest of the run does not notice."""

import math
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from conformance.references.loops import Plain
from conformance.token_streams import V, stream
from conformance.training import DROPOUT, QUIET, assert_same, fit, make, train, weights
from unrolled import compose
from unrolled.data.loaders.token_stream import StreamLoader
from unrolled.functional.batch import IGNORE, SequenceBatch
from unrolled.functional.generators import generator
from unrolled.strategies import CarriedState, ScheduledSampling, TruncatedBPTT
from unrolled.tasks import LanguageModeling
from unrolled.tasks.language_modeling import exposure
from unrolled.tuning.trial_run import Pruning

FIGURES = {"free_running_perplexity", "truth_perplexity", "exposure_gap", "distinct_2", "repetition_4"}
WRITTEN = 100


class Text(pl.LightningDataModule):
    """Random tokens with a habit: one is often followed by the next."""

    def __init__(self, rows=3, window=8, holes=False, tokens=True):
        super().__init__()
        random = np.random.default_rng(2)
        train = [1]
        for _ in range(399):
            train.append(1 + train[-1] % (V - 1) if random.random() < 0.7 else int(random.integers(1, V)))
        self.train, self.rows, self.window, self.holes = torch.tensor(train), rows, window, holes
        if tokens:
            self.tokens = {"train": self.train}

    def train_dataloader(self):
        return self.loader(self.train[:84])

    def val_dataloader(self):
        loader = self.loader(self.train[100:184] % (V - 1) + 1)
        if self.holes:
            loader.targets[0, 3], loader.targets[2, 6:] = IGNORE, IGNORE
        return loader

    def test_dataloader(self):
        return self.val_dataloader()

    def loader(self, tokens):
        rank, world_size = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        rows = self.rows // world_size
        return StreamLoader(tokens, begin=0, rows=rows, window=self.window, rank=rank, world_size=world_size)


def measured(task, data, stage="val"):
    trainer = pl.Trainer(**QUIET)
    run = trainer.validate if stage == "val" else trainer.test
    (figures,) = run(task, datamodule=data, verbose=False)
    return {name.removeprefix(f"{stage}/"): value for name, value in figures.items() if "/" in name}


def written_by_hand(task, prefix, stage, rank=0):
    """The whole sequence read anew for every token, and the distribution function turned around."""
    plain, draws, sequence = Plain(weights(task)), generator(task.seed, "free running", stage, rank), prefix
    for _ in range(WRITTEN):
        odds = np.exp(plain(sequence, plain.start(len(prefix)))[0][:, -1].detach().numpy())
        below = np.cumsum(odds / odds.sum(1, keepdims=True), 1)
        uniform = torch.rand(len(prefix), 1, generator=draws, dtype=torch.float64).numpy()
        sequence = torch.cat([sequence, torch.tensor((below <= uniform).sum(1, keepdims=True))], 1)
    return sequence[:, prefix.shape[1] :].tolist()


def judge(train, order):
    """Interpolated Witten-Bell with dictionaries: nats of each token of a text that follows a history."""
    after = defaultdict(Counter)
    for k in range(order):
        for i in range(k, len(train)):
            after[tuple(train[i - k : i])][train[i]] += 1

    def probability(token, before):
        lower = probability(token, before[1:]) if before else 1 / V
        seen, types = sum(after[before].values()), len(after[before])
        return (after[before][token] + types * lower) / (seen + types) if seen else lower

    def nats(history, text):
        whole = [*history, *text]
        places = range(len(history), len(whole))
        return [-math.log(probability(whole[i], tuple(whole[max(0, i - order + 1) : i]))) for i in places]

    return nats


def by_hand(train, prefixes, texts, truths, order):
    nats = judge(train, order)
    pairs = [pair for text in texts for pair in pairwise(text)]
    fours = [[tuple(text[i : i + 4]) for i in range(len(text) - 3)] for text in texts]
    free = np.mean([nats(p, text) for p, text in zip(prefixes, texts, strict=True)])
    each = [zip(nats(p, truth), truth, strict=True) for p, truth in zip(prefixes, truths, strict=True)]
    true = np.mean([n for row in each for n, token in row if token != IGNORE])
    return {
        "free_running_perplexity": math.exp(free),
        "truth_perplexity": math.exp(true),
        "exposure_gap": free - true,
        "distinct_2": len(set(pairs)) / len(pairs),
        "repetition_4": np.mean([1 - len(set(text)) / len(text) for text in fours]),
    }


@pytest.mark.parametrize("window", [1, 7, 28])
@pytest.mark.parametrize(("level", "order"), [("character", 5), ("word", 3)])
@pytest.mark.parametrize("stage", ["val", "test"])
def test_every_figure_by_hand(stage, level, order, window):
    """The first batch alone; half of its steps are given, and what is not counted in it counts nowhere."""
    task = train(compose(LanguageModeling, TruncatedBPTT, CarriedState), level=level, dtype=torch.float64).task
    data = Text(window=window, holes=window > 6)
    figures = measured(task, data, stage)
    (batch, *_), steps = list(data.val_dataloader()), max(1, window // 2)
    prefix, truth = batch.inputs[:, :steps], batch.targets[:, steps - 1 :].tolist()
    texts = written_by_hand(task, prefix, stage)
    expected = by_hand(data.train.tolist(), prefix.tolist(), texts, truth, order)
    assert {name: figures[name] for name in FIGURES} == {n: pytest.approx(e, rel=1e-12) for n, e in expected.items()}


@pytest.mark.parametrize(
    ("rows", "length", "given", "truth_length"),
    [(70, 200, (64, 50), 100), (64, 100, (64, 50), 51), (2, 99, (2, 49), 51), (65, 5, (64, 2), 4)],
)
def test_so_many_rows_and_steps_are_given_and_so_much_is_written(rows, length, given, truth_length, monkeypatch):
    task, asked = make(LanguageModeling).double(), []
    monkeypatch.setattr(task.exposure, "update", lambda *texts: asked.extend(texts))
    task._trainer = pl.Trainer(**QUIET)
    task.trainer.datamodule = data = Text()
    stream = torch.randint(1, V, (rows, length + 1))
    exposure.observe(task, "val", SequenceBatch(stream[:, :-1], stream[:, 1:], torch.zeros(rows, length).bool()))
    train, prefix, written, truth = asked
    assert train is data.tokens["train"] and written.shape == (given[0], WRITTEN)
    assert torch.equal(prefix, stream[: given[0], : given[1]])
    assert torch.equal(truth, stream[: given[0], given[1] : given[1] + truth_length])


def test_two_evaluations_of_one_model_agree_and_each_stage_and_seed_has_draws_of_its_own():
    task = train(LanguageModeling).task
    data = Text()
    torch.manual_seed(1)
    first = measured(task, data)
    torch.manual_seed(2)
    assert measured(task, data) == first
    assert measured(task, Text()) == first  # counted anew
    other = measured(task, data, "test")
    assert other["loss"] == first["loss"] and other["free_running_perplexity"] != first["free_running_perplexity"]
    task.seed += 1
    assert measured(task, data)["free_running_perplexity"] != first["free_running_perplexity"]


def test_other_data_are_judged_by_their_own_training_text():
    task, data = train(LanguageModeling).task, Text()
    first = measured(task, data)["truth_perplexity"]
    other = Text()
    other.tokens = {"train": torch.arange(400) % (V - 1) + 1}
    assert measured(task, other)["truth_perplexity"] != first
    assert measured(task, data)["truth_perplexity"] == first


def test_training_goes_on_as_if_there_had_been_no_evaluation():
    cls = compose(LanguageModeling, TruncatedBPTT, CarriedState, ScheduledSampling)
    arguments = {"k1": 3, "start": 0.5, "end": 0.5, **DROPOUT}
    with_data, without = make(cls, **arguments), make(cls, **arguments)
    run = fit(with_data, Text(), trainer={"val_check_interval": 2})
    assert f"{run.trainer.callback_metrics['val/exposure_gap']:.3f}" != "0.000"
    assert_same(run, fit(without, Text().train_dataloader()))


@pytest.mark.parametrize("tokens", [None, {}, {"valid": torch.ones(9)}, {"train": torch.tensor([], dtype=torch.long)}])
def test_without_training_tokens_the_gap_is_left_out(tokens):
    data = Text(tokens=False)
    if tokens is not None:
        data.tokens = tokens
    task = make(LanguageModeling)
    assert measured(task, data).keys() == {"loss", "perplexity", "bits_per_character"}
    (figures,) = pl.Trainer(**QUIET).validate(task, stream(20), verbose=False)
    assert not FIGURES & {name.removeprefix("val/") for name in figures}


def test_the_training_text_is_counted_once(monkeypatch):
    counted, real = [], exposure.NgramModel

    def count(train, order, vocabulary_size):
        counted.append((len(train), order, vocabulary_size))
        return real(train, order, vocabulary_size)

    monkeypatch.setattr(exposure, "NgramModel", count)
    monkeypatch.setattr(exposure, "COUNTED", 300)
    fit(make(LanguageModeling), Text(), trainer={"max_epochs": 3, "num_sanity_val_steps": 2})
    assert counted == [(300, 5, V)]


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_every_figure_can_be_monitored(name, tmp_path):
    """By checkpoints, early stopping and pruning alike; each hears the value of its own epoch."""
    best = pl.callbacks.ModelCheckpoint(tmp_path, monitor=f"val/{name}", filename="best")
    stopping = pl.callbacks.EarlyStopping(f"val/{name}", patience=99)
    heard = []
    pruning = Pruning(lambda step, metrics: heard.append(metrics[f"val/{name}"]) or len(heard) < 3)
    trainer = {"enable_checkpointing": True, "max_epochs": 9}
    run = fit(make(LanguageModeling), Text(), callbacks=[best, stopping, pruning], trainer=trainer)
    assert run.trainer.current_epoch == 3 and len(heard) == 3
    assert float(best.best_model_score) == min(heard) == float(stopping.best_score)


class Keep(pl.Callback):
    """Write down what each process logged, and the texts that it wrote."""

    def __init__(self, folder):
        self.folder = folder

    def on_validation_batch_end(self, trainer, task, *_):
        self.written = task.exposure.written[0].clone()

    def on_train_end(self, trainer, task):
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        torch.save({"logged": logged, "written": self.written}, self.folder / f"{trainer.global_rank}")


def test_two_processes_log_the_figures_of_all_their_texts(tmp_path):
    task, data = make(LanguageModeling).double(), Text(rows=4)
    runner = {"devices": 2, "strategy": "ddp_fork", "max_epochs": 1}
    fit(task, data, callbacks=[Keep(tmp_path)], trainer=runner)
    first, second = (torch.load(tmp_path / str(rank), weights_only=True) for rank in (0, 1))
    assert first["logged"] == second["logged"] and not torch.equal(first["written"], second["written"])
    (batch, *_) = Text(rows=4).val_dataloader()
    texts = torch.cat([first["written"], second["written"]]).tolist()
    expected = by_hand(data.train.tolist(), batch.inputs[:, :4].tolist(), texts, batch.targets[:, 3:].tolist(), 5)
    assert {n: first["logged"][f"val/{n}"] for n in FIGURES} == {n: pytest.approx(e) for n, e in expected.items()}
