"""Parallel branches against the same stacks run one by one."""

import copy

import pytest
import torch
import yaml
from torch.autograd import gradcheck

from conformance.architectures import LENGTHS, close, each_path
from unrolled import architectures
from unrolled.architectures import GRU, MultiInput
from unrolled.architectures.base import set_state_hook
from unrolled.architectures.branches import channel_groups
from unrolled.config.recipe import dump, load, normalise, override
from unrolled.errors import InputError
from unrolled.runs.build import parse

BRANCHES = [
    {"features": [4, 0], "cell": "LSTM", "init_args": {"hidden_size": 3, "num_layers": 2}},
    {"features": 2, "cell": "GRU", "init_args": {"hidden_size": 3}},  # places 1 and 2
    {"features": [7, 3, 6], "cell": "GRUD", "init_args": {"hidden_size": 3}},
    {"features": [5, 8], "cell": "RecurrentConv", "init_args": {"positions": 1, "channels": 3, "kernel_size": 1}},
]
READ = [[4, 0], [1, 2], [7, 3, 6], [5, 8]]
FUSIONS = [{}, {"hidden_size": 4}, {"fusion": "sum"}]
each_fusion = pytest.mark.parametrize("fusion", FUSIONS, ids=str)


def model(**given):
    return MultiInput(**{"input_size": 9, "branches": BRANCHES} | given).double()


def given_to(made, batch=4, time=7):
    state = tuple(torch.randn_like(part) for part in made.initial_state(batch))
    return torch.randn(batch, time, made.input_size).double(), state


def one_by_one(made, inputs, state, lengths=None):
    """Outputs, and the parts of the state of the LSTM (h, c), the GRU, the GRU-D and the convolution."""
    parts, found, after = [state[:2], state[2:3], state[3:4], state[4:]], [], []
    for branch, places, state_part in zip(made.branches, READ, parts, strict=True):
        y, final = branch.trace(torch.stack([inputs[..., place] for place in places], -1), state_part, lengths)[:2]
        found.append(y)
        after += final
    if made.linear is None:
        return sum(found), tuple(after)
    outputs = torch.cat(found, -1) @ made.linear.weight.T + made.linear.bias
    if lengths is not None:
        outputs = outputs * (torch.arange(outputs.shape[1]) < lengths[:, None])[..., None]
    return outputs, tuple(after)


@each_path
@each_fusion
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
def test_it_is_its_branches_side_by_side(path, fusion, lengths):
    made = model(**fusion)
    inputs, state = given_to(made)
    outputs, final = path(made, inputs, state, lengths)
    close((outputs, final), one_by_one(made, inputs, state, lengths), 1e-12)
    assert outputs.shape == (4, 7, made.output_size) and made.output_size == {0: 12, 1: 4, 2: 3}[FUSIONS.index(fusion)]
    assert [part.shape[0] for part in final] == [4] * 5


@each_path
def test_no_state_is_the_initial_state(path):
    made = model()
    inputs, _ = given_to(made)
    close(path(made, inputs), path(made, inputs, made.initial_state(4)), 0)


@each_path
@each_fusion
def test_a_sequence_in_two_calls_equals_one(path, fusion):
    made = model(**fusion)
    inputs, state = given_to(made)
    whole, final = path(made, inputs, state)
    first, handed_on = path(made, inputs[:, :3], state)
    second, last = path(made, inputs[:, 3:], handed_on)
    close((torch.cat([first, second], 1), last), (whole, final), 1e-12)


def test_the_reference_names_the_gates_of_every_branch():
    gates = model().trace(torch.randn(4, 7, 9).double())[2]
    lstm = ["c", "f", "g", "h", "i", "o"]
    gru = ["h", "n", "r", "z"]
    assert [sorted(layer) for layer in gates] == [lstm, lstm, gru, ["decay", *gru], gru]


def test_every_new_state_of_every_branch_goes_through():
    made, came = model().train(), []
    set_state_hook(made, lambda part: came.append(part) or part)
    inputs, state = given_to(made)
    close(made(inputs, state), model_like(made)(inputs, state), 1e-12)
    assert len(came) == 7 * (2 * 2 + 1 + 1 + 1)


def model_like(made):
    plain = copy.deepcopy(made)
    set_state_hook(plain, None)
    return plain


@each_fusion
def test_gradients_by_finite_differences(fusion):
    small = [{**b, "init_args": {**b["init_args"], "channels": 2}} if i == 3 else b for i, b in enumerate(BRANCHES)]
    small = [{**b, "init_args": {**b["init_args"], "hidden_size": 2}} if i < 3 else b for i, b in enumerate(small)]
    made = model(branches=small, **fusion)
    names, weights = zip(*made.named_parameters(), strict=True)
    inputs, state = given_to(made, 2, 2)

    def run(inputs, *rest):
        begin, values = rest[: len(state)], rest[len(state) :]
        outputs, final = torch.func.functional_call(made, dict(zip(names, values, strict=True)), (inputs, begin))
        return outputs, *final

    assert gradcheck(run, [t.detach().clone().requires_grad_() for t in (inputs, *state, *weights)], fast_mode=True)


def test_what_it_was_given_stays_as_it_was():
    before = copy.deepcopy(BRANCHES)
    model()
    assert before == BRANCHES
    assert model().directions == 1
    both = [{"features": 9, "cell": "GRU", "init_args": {"hidden_size": 2, "bidirectional": True}}]
    assert model(branches=both).directions == 2


@pytest.mark.parametrize(
    ("features", "groups"),
    [([3], [[0, 1, 2]]), ([1, 2], [[0], [1, 2]]), ([[1], 2], [[1], [0, 2]]), ([[2, 0], [1]], [[2, 0], [1]])],
)
def test_who_reads_what(features, groups):
    assert channel_groups([{"features": given} for given in features], 3) == groups


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([], "expected each of 3 channels in a branch, got no branch with 0, 1, 2"),
        ([2], "expected each of 3 channels in a branch, got no branch with 2"),
        ([[0, 1], [1, 2]], "branch 2: expected each channel in one branch, got 1 a second time"),
        ([[0, 0, 1, 2]], "branch 1: expected each channel in one branch, got 0 a second time"),
        ([[0, 3]], "branch 1: expected channel indices from 0 to 2, got 3"),
        ([[-1]], "branch 1: expected channel indices from 0 to 2, got -1"),
        ([["x"]], "branch 1: expected channel indices from 0 to 2, got x"),
        ([2, 2], "branch 2: expected features: .* 1 to 1 remaining channels, got 2"),
        ([3, 0], "branch 2: expected features: .*, got 0"),
        ([-1], "branch 1: expected features: .*, got -1"),
        ([[]], r"branch 1: expected features: .*, got \[\]"),
        (["all"], "branch 1: expected features: .*, got all"),
        ([None], "branch 1: expected features: .*, got None"),
    ],
)
def test_channels_that_do_not_come_out_even_are_refused_in_one_line(features, message):
    with pytest.raises(InputError, match=f"^MultiInput: {message}$"):
        channel_groups([{"features": given} for given in features], 3)


ONE = {"features": 9, "cell": "GRU", "init_args": {"hidden_size": 2}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"branches": [{**ONE, "cell": "GRV"}]}, "branch 1: expected a cell of GRU, GRUD, LSTM, .*, got GRV"),
        ({"branches": [{"features": 9}]}, "branch 1: expected a cell of .*, got None"),
        ({"branches": [{**ONE, "size": 2}]}, "branch 1: expected features, cell and init_args, got size"),
        ({"branches": [{**ONE, "init_args": {"hidden_size": 2, "units": 2}}]}, "branch 1: GRU: .*'units'.*"),
        ({"branches": [{**ONE, "init_args": {}}]}, "branch 1: GRU: .*hidden_size.*"),
        ({"branches": [{**ONE, "init_args": {"hidden_size": "2"}}]}, "branch 1: GRU: .*str.*"),
        ({"branches": [{**ONE, "features": 4}, {**ONE, "features": 5, "init_args": {"hidden_size": 3}}],
          "fusion": "sum"}, "fusion sum: expected outputs of one size, got 2, 3"),
        ({"branches": [ONE], "fusion": "mean"}, "expected fusion linear.* or sum.*, got mean and None"),
        ({"branches": [ONE], "fusion": "sum", "hidden_size": 2}, "expected fusion .*, got sum and 2"),
        ({"branches": [ONE], "hidden_size": 0}, "expected fusion .*, got linear and 0"),
    ],
)  # fmt: skip
def test_what_it_cannot_be_is_refused_in_one_line(given, message):
    with pytest.raises(InputError, match=f"^MultiInput: {message}$"):
        model(**given)


@each_path
def test_tensors_that_do_not_fit_are_refused(path):
    made = model()
    inputs, state = given_to(made)
    for wrong in (inputs[0], inputs[..., :8]):
        with pytest.raises(InputError, match=r"expected inputs \(B, T, 9\), got"):
            path(made, wrong)
    with pytest.raises(InputError, match="expected a state of 5 parts, got 4"):
        path(made, inputs, state[:4])
    with pytest.raises(InputError, match="expected a state of"):
        path(made, inputs, state[1:] + state[:1])


def test_a_branch_can_have_any_exported_cell_and_no_other(monkeypatch):
    class Added(GRU): ...

    branches = [{"features": 2, "cell": "Added", "init_args": {"hidden_size": 3}}]
    with pytest.raises(InputError, match="got Added"):
        MultiInput(input_size=2, branches=branches)
    monkeypatch.setattr(architectures, "Added", Added, raising=False)
    monkeypatch.setattr(architectures, "__all__", [*architectures.__all__, "Added"])
    assert type(MultiInput(input_size=2, branches=branches).branches[0]) is Added
    for name in ("MultiInput", "InfluenceNetwork"):
        with pytest.raises(InputError, match=f"got {name}"):
            MultiInput(input_size=2, branches=[{"features": 2, "cell": name}])


def test_a_recipe_can_name_it():
    branches = [{"features": 1, "cell": "GRU", "init_args": {"hidden_size": 3}}]
    chosen = {"class_path": "MultiInput", "init_args": {"branches": branches, "hidden_size": 4}}
    parsed = parse(override(load("co2"), {"architecture": chosen}))
    assert parsed["architecture"]["init_args"] == {"branches": branches, "fusion": "linear", "hidden_size": 4}
    again = parse(normalise(yaml.safe_load(dump(parsed)), "again"))
    assert again == parsed
    made = MultiInput(input_size=1, **again["architecture"]["init_args"])
    assert made.output_size == 4 and isinstance(made.branches[0], GRU)
    chosen["init_args"]["branches"] = [{"features": 1, "class_path": "os.system"}]
    with pytest.raises(InputError, match="architecture.init_args.branches: expected a plain value, got a class"):
        parse(override(load("co2"), {"architecture": chosen}))
