"""What the embeddings start with, against scikit-learn's naive Bayes fitted on the same training texts."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from sklearn.naive_bayes import MultinomialNB

from conformance.training import QUIET, SaveAfter, weights
from unrolled import compose
from unrolled.data import TextTable, TreebankTags
from unrolled.errors import InputError
from unrolled.strategies import NaiveBayesInitialization
from unrolled.tasks import LanguageModeling, SequenceClassification, SequenceTagging

LSTM = {"class_path": "LSTM", "init_args": {"hidden_size": 3}}
STILL = {"class_path": "SGD", "init_args": {"lr": 0.0}}  # the first weights stay
WORDS = ["dull", "good", "film", "bad", "fine", "dull", "dull", "plot"]


def lines(classes, count=60, seed=0):
    draw = np.random.default_rng(seed)
    return [
        (" ".join(draw.choice(WORDS[: 4 + c], size=draw.integers(1, 7))), c) for c in draw.integers(classes, size=count)
    ]


def texts(tmp_path, classes=3, valid="good,0\n", name="t.csv", **given):
    """Texts of which the validation part is `valid`."""
    rows = "".join(f"train,{text},{c}\n" for text, c in lines(classes))
    held_out = "".join(f"{part},{row}\n" for part in ("valid", "test") for row in valid.splitlines())
    (path := tmp_path / name).write_text(f"part,text,label\n{rows}{held_out}", encoding="utf-8")
    return TextTable(str(path), split_column="part", batch_size=8, **given)


class Tags(TreebankTags):
    def prepare_data(self):
        pass

    def load(self):
        sentences = [[(word, f"{len(word) % 2}{c}") for word in text.split()] for text, c in lines(2)]
        return {"train": sentences, "valid": sentences[:3], "test": sentences[:3]}


def fitted(data, task=SequenceClassification, resume=None, steps=3, callbacks=(), **given):
    data.setup("fit")
    torch.manual_seed(0)
    given = {"architecture": LSTM, "optimizer": STILL, "embedding_size": 6} | given
    made = compose(task, NaiveBayesInitialization)(**data.sizes(), **given)
    state = torch.get_rng_state()
    trainer = pl.Trainer(**QUIET | {"max_steps": steps, "callbacks": [*callbacks]})
    trainer.fit(made, datamodule=data, ckpt_path=resume)
    return made, trainer, state


def bayes(data, classes):
    """One class against all others: (C, V), by scikit-learn."""
    size = len(data.vocabulary)
    if data.label_steps:
        counts = np.concatenate([np.eye(size)[row.numpy()] for row in data.inputs["train"]])
        known = torch.cat(data.labels["train"]).numpy()
    else:
        counts = np.stack([np.bincount(row, minlength=size) > 0 for row in data.inputs["train"]])
        known = torch.stack(data.labels["train"]).numpy()
    found = []
    for c in range(classes):
        has = known[:, c] if known.ndim == 2 else known == c
        no, yes = MultinomialNB(alpha=1).fit(counts, has).feature_log_prob_
        found.append((yes - no) * (counts.sum(0) > 0))
    return torch.tensor(np.stack(found))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_each_class_has_its_log_count_ratio(tmp_path, classes, scale):
    data = texts(tmp_path, classes)
    task, _, _ = fitted(data, ratio_scale=scale)
    expected = scale * bayes(data, classes)
    assert expected.abs().max() > 0.1 * scale
    torch.testing.assert_close(task.embedding.weight[:, :classes].T, expected.float())


def test_each_label_of_several_has_its_own(tmp_path):
    rows = "".join(f"train,{text},{'a' * int(c > 0)}|{'b' * int(c < 2)}\n" for text, c in lines(3))
    (tmp_path / "several.csv").write_text(f"part,text,label\n{rows}valid,good,a\n", encoding="utf-8")
    data = TextTable(str(tmp_path / "several.csv"), split_column="part", label_separator="|")
    task, _, _ = fitted(data, output="sigmoid")
    torch.testing.assert_close(task.embedding.weight[:, :2].T, bayes(data, 2).float())


def test_each_step_with_a_class_counts():
    data = Tags(batch_size=8)
    task, _, _ = fitted(data, SequenceTagging)
    torch.testing.assert_close(task.embedding.weight[:, : len(data.classes)].T, bayes(data, len(data.classes)).float())


def test_only_these_numbers_change_and_no_random_number_moves(tmp_path):
    plain, _, before = fitted(texts(tmp_path), ratio_scale=None)
    task, _, after = fitted(texts(tmp_path))
    assert torch.equal(before, after)
    old, new = weights(plain), weights(task)
    assert not torch.equal(old["embedding.weight"][:, :3], new["embedding.weight"][:, :3])
    assert torch.equal(old.pop("embedding.weight")[:, 3:], new.pop("embedding.weight")[:, 3:])
    assert old.keys() == new.keys() and all(torch.equal(old[name], new[name]) for name in old)


def test_what_is_held_out_is_never_counted(tmp_path):
    one, _, _ = fitted(texts(tmp_path))
    other, _, _ = fitted(texts(tmp_path, valid="bad bad plot,1\nfilm,2\nfilm,2\n", name="other.csv"))
    assert torch.equal(one.embedding.weight, other.embedding.weight)


def test_a_token_that_training_lacks_says_nothing(tmp_path):
    data = texts(tmp_path, valid="good zebra,0\n")
    task, _, _ = fitted(data)
    unknown = data.encode("zebra")
    assert not task.embedding.weight[unknown, :3].any() and task.embedding.weight[unknown, 3:].all()


def test_a_checkpoint_keeps_what_was_learnt(tmp_path):
    """Resumed and tested: the ratios are set once, before the first step."""
    half = tmp_path / "half.ckpt"
    given = {"optimizer": {"class_path": "Adam", "init_args": {"lr": 0.1}}, "steps": 6}
    whole, _, _ = fitted(texts(tmp_path), callbacks=[SaveAfter(3, half)], **given)
    task, trainer, _ = fitted(texts(tmp_path), resume=half, **given)
    assert torch.equal(task.embedding.weight, whole.embedding.weight)
    trainer.test(task, datamodule=texts(tmp_path), verbose=False)
    assert torch.equal(task.embedding.weight, whole.embedding.weight)


def test_another_fit_goes_on_with_what_was_learnt(tmp_path):
    task, trainer, _ = fitted(texts(tmp_path), optimizer={"class_path": "Adam", "init_args": {"lr": 0.1}})
    learnt = task.embedding.weight.detach().clone()
    pl.Trainer(**QUIET | {"max_steps": 0}).fit(task, datamodule=trainer.datamodule)
    assert torch.equal(task.embedding.weight, learnt)


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_out_of_range_is_refused(tmp_path, wrong):
    with pytest.raises(InputError, match=f"NaiveBayesInitialization: expected ratio_scale above 0.*{wrong}"):
        fitted(texts(tmp_path), ratio_scale=wrong)


def test_what_it_does_not_fit_is_refused(tmp_path):
    with pytest.raises(InputError, match="embedding_size of at least 3, the classes, got 2"):
        fitted(texts(tmp_path), embedding_size=2)
    with pytest.raises(InputError, match="a task with token embeddings and classes"):
        compose(LanguageModeling, NaiveBayesInitialization)(vocabulary_size=5, architecture=LSTM)
    numbers = {"input_size": 2, "classes": 2, "architecture": LSTM}
    with pytest.raises(InputError, match="a task with token embeddings"):
        compose(SequenceClassification, NaiveBayesInitialization)(**numbers)
    with pytest.raises(InputError, match="a task with token embeddings"):
        fitted(Tags(), SequenceTagging, embedding_size=None)
    data = texts(tmp_path)
    data.setup("fit")
    task = compose(SequenceClassification, NaiveBayesInitialization)(
        **data.sizes(), architecture=LSTM, optimizer=STILL, embedding_size=6
    )
    with pytest.raises(InputError, match="expected data that count tokens by class, got NoneType"):
        pl.Trainer(**QUIET).fit(task, data.train_dataloader())
