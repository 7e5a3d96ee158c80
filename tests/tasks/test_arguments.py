"""Constructor arguments: names, classes and instances mean one mapping; a wrong keyword is answered with its owner."""

import functools
import inspect

import pytest
import torch

from conformance.training import TASK, assert_same, train
from unrolled import compose
from unrolled.architectures import LSTM, RNN, InfluenceNetwork, MultiInput
from unrolled.config.spec import spec
from unrolled.errors import InputError
from unrolled.strategies import CarriedState, ClipNorm, ScheduledSampling, TruncatedBPTT
from unrolled.tasks import LanguageModeling
from unrolled.tasks.arguments import owned
from unrolled.tasks.base import SequenceTask

SIZES = {"vocabulary_size": 7, "embedding_size": 5}
Task = compose(LanguageModeling, TruncatedBPTT, CarriedState, ClipNorm)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (spec("LSTM", hidden_size=4), {"class_path": "LSTM", "init_args": {"hidden_size": 4}}),
        (spec(LSTM, hidden_size=4), {"class_path": "LSTM", "init_args": {"hidden_size": 4}}),
        (functools.partial(LSTM, hidden_size=4), {"class_path": "LSTM", "init_args": {"hidden_size": 4}}),
        (LSTM(input_size=5, hidden_size=4), {"class_path": "LSTM", "init_args": {"hidden_size": 4}}),
        ("InfluenceNetwork", {"class_path": "InfluenceNetwork", "init_args": {}}),
        (InfluenceNetwork, {"class_path": "InfluenceNetwork", "init_args": {}}),
        ({"class_path": RNN, "init_args": {"hidden_size": 3}}, {"class_path": "RNN", "init_args": {"hidden_size": 3}}),
    ],
)
def test_an_architecture_is_saved_as_its_mapping(given, meant):
    sizes = SIZES | ({"embedding_size": 1} if "Influence" in meant["class_path"] else {})
    task = LanguageModeling(**sizes, architecture=given)
    assert dict(task.hparams)["architecture"] == meant
    assert type(task.architecture).__name__ == meant["class_path"]


@pytest.mark.parametrize("form", ["Adam", torch.optim.Adam, spec("Adam"), {"class_path": "torch.optim.Adam"}])
def test_an_optimizer_by_name_and_by_class(form):
    task = LanguageModeling(**SIZES, architecture=spec("RNN", hidden_size=3), optimizer=form, lr_scheduler="LinearLR")
    (made,), (schedule, *_) = task.configure_optimizers()
    assert type(made) is torch.optim.Adam and made.defaults["lr"] == 1e-3
    assert type(schedule["scheduler"]) is torch.optim.lr_scheduler.LinearLR
    assert task.hparams.optimizer["class_path"] == "torch.optim.Adam"


def test_a_scheduler_keeps_its_settings_next_to_its_arguments():
    meant = {
        "class_path": "torch.optim.lr_scheduler.StepLR",
        "init_args": {"step_size": 2},
        **{"interval": "step", "frequency": 1, "monitor": None, "warm_up": 0},
    }
    assert spec("StepLR", step_size=2, interval="step") == meant


def test_names_train_the_same_weights_as_mappings(tmp_path):
    class_path = TASK["architecture"]["class_path"], TASK["optimizer"]["class_path"]
    given = {
        "architecture": spec(class_path[0], **TASK["architecture"]["init_args"]),
        "optimizer": spec(class_path[1].rpartition(".")[2], **TASK["optimizer"]["init_args"]),
    }
    assert_same(train(Task, k1=3, **given), train(Task, k1=3))


def test_an_instance_keeps_its_weights_and_its_task_reads_back(tmp_path):
    given = LSTM(input_size=5, hidden_size=4, bidirectional=False, num_layers=2)
    task = LanguageModeling(**SIZES, architecture=given)
    for name, weight in given.state_dict().items():
        assert torch.equal(task.architecture.state_dict()[name], weight)
    assert not {id(p) for p in given.parameters()} & {id(p) for p in task.parameters()}  # a copy
    torch.save({"hyper_parameters": dict(task.hparams)}, tmp_path / "saved")
    kept = torch.load(tmp_path / "saved", weights_only=True)["hyper_parameters"]
    again = LanguageModeling(**kept)
    again.load_state_dict(task.state_dict())
    assert again.hparams == task.hparams


def test_an_instance_of_branches_is_described_too():
    branches = [{"features": 1, "cell": "RNN", "init_args": {"hidden_size": 2}}]
    assert MultiInput(input_size=1, branches=branches).arguments == {"input_size": 1, "branches": branches}


def elsewhere(name):
    return type(name, (RNN,), {})


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("architecture", "LSTN", "architecture: .*'LSTN'. Did you mean LSTM?"),
        ("architecture", LSTM(input_size=3, hidden_size=4), "architecture: .*input_size 5, got 3"),
        ("architecture", torch.nn.LSTM(5, 4), r"architecture: .*unrolled.spec\('LSTM', ...\), got an instance of LSTM"),
        ("architecture", elsewhere("RNN"), "architecture: expected unrolled.architectures.RNN, got .*RNN. Export it"),
        ("architecture", elsewhere("Mine"), "architecture: .*'Mine'"),
        ("architecture", functools.partial(LSTM, hiden_size=4), "architecture: LSTM: .*Did you mean hidden_size?"),
        ("optimizer", torch.optim.Adam([torch.zeros(1)]), r"optimizer: .*spec\('Adam', ...\), got an instance of Adam"),
        ("optimizer", "Adm", "optimizer: .*Did you mean Adam?"),
        ("lr_scheduler", "StepLr", "lr_scheduler: .*Did you mean StepLR?"),
    ],
)
def test_what_cannot_be_written_down_is_refused_in_one_line(argument, value, message):
    given = {"architecture": spec("RNN", hidden_size=3), argument: value}
    with pytest.raises(InputError, match=message) as caught:
        LanguageModeling(**SIZES, **given)
    assert "\n" not in str(caught.value)


def test_spec_names_a_wrong_argument():
    with pytest.raises(InputError, match="architecture: LSTM: .*'hiden_size'. Did you mean hidden_size?"):
        spec("LSTM", hiden_size=64)
    with pytest.raises(InputError, match="'LSTN'. Did you mean LSTM?"):
        spec("LSTN")


@pytest.mark.parametrize("architecture", ["LSTM", LSTM])
def test_a_missing_size_is_named(architecture):
    message = (
        r"^architecture: LSTM: hidden_size: expected int, got none; give it with unrolled.spec\('LSTM', hidden_siz"
    )
    with pytest.raises(InputError, match=message):
        LanguageModeling(**SIZES, architecture=architecture)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("max_nrom", "Did you mean max_norm (ClipNorm)?"),
        ("k_1", "Did you mean k1 (TruncatedBPTT)?"),
        ("vocabulary_sise", "Did you mean vocabulary_size (LanguageModeling)?"),
        ("optimiser", "Did you mean optimizer (LanguageModeling)?"),
    ],
)
def test_a_misspelt_keyword_is_answered_with_the_nearest_and_its_owner(wrong, hint):
    with pytest.raises(TypeError) as caught:
        Task(**SIZES, architecture="RNN", **{wrong: 1})
    assert isinstance(caught.value, InputError) and hint in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("max_norm", "It is an argument of ClipNorm, ClipPerLayer: add one with compose."),
        ("max_nrom", "Did you mean max_norm (ClipNorm, ClipPerLayer)? Add one with compose."),
        ("k1", "It is an argument of TruncatedBPTT: add one with compose."),
        ("vocabulary_sise", "Did you mean vocabulary_size (LanguageModeling)?"),
        ("xyzzy", "Pass the class to help() to list its arguments."),
    ],
)
def test_an_argument_of_a_strategy_that_is_missing_names_the_strategies(wrong, hint):
    with pytest.raises(TypeError) as caught:
        LanguageModeling(**SIZES, architecture="RNN", **{wrong: 1})
    assert str(caught.value) == f"LanguageModeling has no argument {wrong!r}. {hint}"


def test_the_owner_of_an_inherited_argument_is_the_class_that_a_user_names():
    table = {one.parameter.name: one.owner for one in owned(compose(LanguageModeling, ScheduledSampling, ClipNorm))}
    assert table["coin_per"] == table["fed_back"] == table["over"] == "ScheduledSampling"
    assert table["optimizer"] == table["dropout"] == table["vocabulary_size"] == "LanguageModeling"
    assert table["max_norm"] == "ClipNorm"


def test_a_mixin_without_a_seam_is_no_task():
    class Watching(SequenceTask):
        def __init__(self, *, watched: int = 0, **kwargs):
            super().__init__(**kwargs)

    table = {one.parameter.name: one.owner for one in owned(compose(LanguageModeling, ScheduledSampling, Watching))}
    assert table["architecture"] == table["optimizer"] == "LanguageModeling" and table["watched"] == "Watching"


def test_signature_and_docstring_list_every_argument_with_owner_and_default():
    parameters = inspect.signature(Task).parameters
    assert parameters["k1"].default == 35 and parameters["vocabulary_size"].default is inspect.Parameter.empty
    assert {one.kind for one in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    for one in owned(Task):
        line = next(line for line in Task.__doc__.splitlines() if line.startswith(f"    {one.parameter.name}: "))
        assert f"({one.owner}, " in line and one.parameter.name in parameters
    assert "(TruncatedBPTT, default 35)" in Task.__doc__ and "(LanguageModeling, required)" in Task.__doc__
    assert inspect.signature(LanguageModeling).parameters["tied"].default is False


def test_arguments_by_owner_equal_flat_ones():
    by_owner = {"TruncatedBPTT": {"k1": 3, "k2": 5}, "ClipNorm": {"max_norm": 0.1}}
    flat = {"k1": 3, "k2": 5, "max_norm": 0.1}
    assert_same(train(Task, **by_owner), train(Task, **flat))
    assert Task(**TASK, **by_owner).hparams == Task(**TASK, **flat).hparams
    with pytest.raises(InputError, match="k1 is given twice, once for TruncatedBPTT"):
        Task(**TASK, TruncatedBPTT={"k1": 3}, k1=3)
    with pytest.raises(TypeError, match="TruncatedBPTT has no argument 'k_1'. Did you mean k1"):
        Task(**TASK, TruncatedBPTT={"k_1": 3})
