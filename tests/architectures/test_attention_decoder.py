"""The decoder and its encoder against independent loops with every product written out.

B batch, S source steps, T target steps, E inputs, H hidden, V values, L layers.
"""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from unrolled.architectures import GRU, LSTM, RNN
from unrolled.architectures.attention import Attention
from unrolled.architectures.attention_decoder import AttentionDecoder
from unrolled.architectures.base import set_state_hook
from unrolled.architectures.source_encoder import Memory, SourceEncoder
from unrolled.errors import InputError

B, S, T, E, H = 3, 5, 4, 2, 3
V = 2 * H
LENGTHS = torch.tensor([5, 2, 1])
CELLS = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}
KINDS = {
    "additive": {"attention": "additive"},
    "multiplicative": {"attention": "multiplicative"},
    "coverage": {"attention": "additive", "coverage": True},
    "unfed": {"attention": "additive", "input_feeding": False},
    "multiplicative, unfed": {"attention": "multiplicative", "input_feeding": False},
    "none": {"attention": None, "input_feeding": False},
}
each_cell = pytest.mark.parametrize("cell", CELLS)
each_kind = pytest.mark.parametrize("kind", KINDS)


def make(cell="LSTM", *, attention="additive", coverage=False, input_feeding=True, num_layers=1, dropout=0.0):
    read = CELLS[cell](input_size=E + H * input_feeding, hidden_size=H, num_layers=num_layers, dropout=dropout)
    looks = Attention(attention, H, V, coverage) if attention else None
    decoder = AttentionDecoder(read, looks, V, input_feeding).double()
    for parameter in decoder.parameters():
        nn.init.uniform_(parameter, -0.9, 0.9)
    return decoder


def remember(decoder, lengths=LENGTHS):
    values = torch.randn(B, S, V, dtype=torch.float64)
    start = tuple(torch.randn_like(part) for part in decoder.cell.initial_state(B))
    keys = values if decoder.attention is None else decoder.attention.project(values)
    mask = torch.arange(S) < lengths[:, None]
    return Memory(values, keys, mask, start)


def inputs(steps=T):
    return torch.randn(B, steps, E, dtype=torch.float64)


def one_step(module, x, state):
    """One row through a torch cell of the same weights: torch's single-step classes."""
    kind = {nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell, nn.RNN: nn.RNNCell}[type(module)]
    cell = kind(module.input_size, module.hidden_size).double()
    weights = [getattr(module, f"{name}_l0") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    parameters = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights, strict=True))
    given = tuple(state) if kind is nn.LSTMCell else state[0]
    new = torch.func.functional_call(cell, parameters, (x, given))
    return new if kind is nn.LSTMCell else (new,)


def by_hand(decoder, x, memory, feeding):
    """(outputs, states, weights), row by row, step by step and source step by source step."""
    cells, looks = decoder.cell.cells, decoder.attention
    outputs, ends, weights = [], [], []
    for b in range(B):
        states = [[part[b : b + 1, k] for part in memory.start] for k in range(len(cells))]
        last, covered, row, seen = torch.zeros(1, H, dtype=torch.float64), [0.0] * S, [], []
        for t in range(x.shape[1]):
            below = torch.cat([x[b : b + 1, t], last], 1) if feeding else x[b : b + 1, t]
            for k, module in enumerate(cells):
                states[k] = one_step(module, below, states[k])
                below = states[k][0]
            h, scores = below[0], []
            if looks is None:
                row.append(h)
                continue
            for s in range(int(memory.mask[b].sum())):
                key = looks.key.weight @ memory.values[b, s]
                if looks.query is None:
                    scores.append(h @ key)
                else:
                    key = key if looks.cover is None else key + covered[s] * looks.cover
                    scores.append(looks.score @ torch.tanh(looks.query.weight @ h + looks.query.bias + key))
            exponentials = [score.exp() for score in scores]
            shares = [e / sum(exponentials) for e in exponentials] + [torch.zeros(())] * (S - len(scores))
            covered = [c + share for c, share in zip(covered, shares, strict=True)]
            context = sum(share * memory.values[b, s] for s, share in enumerate(shares))
            last = torch.tanh(decoder.combine.weight @ torch.cat([context, h]))[None]
            row.append(last[0])
            seen.append(torch.stack(shares))
        outputs.append(torch.stack(row))
        ends.append([torch.stack([layer[part][0] for layer in states]) for part in range(len(memory.start))])
        weights.append(torch.stack(seen) if seen else None)
    return torch.stack(outputs), [torch.stack(part) for part in zip(*ends, strict=True)], weights


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


@each_cell
@each_kind
@pytest.mark.parametrize("layers", [1, 2])
def test_the_decoder_is_the_loop(cell, kind, layers):
    arguments = KINDS[kind]
    decoder = make(cell, num_layers=layers, **arguments)
    memory, x = remember(decoder), inputs()
    outputs, state, looks = decoder.run(x, decoder.initial_state(B, memory), memory)
    expected, ends, weights = by_hand(decoder, x, memory, arguments.get("input_feeding", True))
    close(outputs, expected)
    for part, end in zip(state, ends, strict=False):
        close(part, end)
    if looks:
        seen = looks[0] if looks[0].dim() == 3 else torch.stack(looks, 1)
        close(seen, torch.stack(weights))
        if arguments.get("coverage"):
            close(state[-1], torch.stack(weights).sum(1))
    mine, hand = (
        torch.autograd.grad((out**2).sum(), [*decoder.parameters()], allow_unused=True) for out in (outputs, expected)
    )
    for ours, theirs in zip(mine, hand, strict=True):
        close(ours, theirs) if theirs is not None else None
        assert (ours is None) == (theirs is None)


@each_cell
@each_kind
def test_a_state_goes_on_where_it_was_left(cell, kind):
    decoder = make(cell, num_layers=2, **KINDS[kind])
    memory, x = remember(decoder), inputs(7)
    whole, end = decoder(x, decoder.initial_state(B, memory), memory)
    state, parts = decoder.initial_state(B, memory), []
    for begin, stop in ((0, 1), (1, 4), (4, 7)):
        part, state = decoder(x[:, begin:stop], state, memory)
        parts.append(part)
    close(torch.cat(parts, 1), whole)
    for mine, theirs in zip(state, end, strict=True):
        close(mine, theirs)


@each_kind
def test_what_stands_at_the_sources_padding_changes_no_bit(kind):
    decoder = make(**KINDS[kind])
    memory, x = remember(decoder), inputs()
    values = memory.values.masked_fill(~memory.mask[..., None], 1e9)
    keys = values if decoder.attention is None else decoder.attention.project(values)
    other = memory._replace(values=torch.where(memory.mask[..., None], values, 0), keys=keys)
    clean = memory._replace(values=torch.where(memory.mask[..., None], memory.values, 0))
    mine, theirs = (decoder(x, decoder.initial_state(B, m), m)[0] for m in (clean, other))
    assert torch.equal(mine, theirs)


@each_cell
def test_every_state_of_the_step_loop_goes_through(cell):
    """What clips the gradient of a state meets each new state of each layer: as often as in a plain cell."""
    decoder, met = make(cell, num_layers=2), []
    set_state_hook(decoder, lambda state: met.append(state) or state)
    memory = remember(decoder)
    decoder(inputs(), decoder.initial_state(B, memory), memory)
    assert len(met) == T * 2 * decoder.cell.parts and all(state.shape == (B, H) for state in met)
    with torch.no_grad():
        decoder(inputs(), decoder.initial_state(B, memory), memory)
    assert len(met) == T * 2 * decoder.cell.parts


def test_dropout_stands_between_the_layers_and_in_training_alone():
    decoder = make(num_layers=2, dropout=0.5)
    memory, x = remember(decoder), inputs()
    state = decoder.initial_state(B, memory)
    first, second = (decoder(x, state, memory)[0] for _ in range(2))
    assert not torch.equal(first, second)
    decoder.eval()
    close(decoder(x, state, memory)[0], by_hand(decoder, x, memory, True)[0])


@each_cell
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_bridge(cell, layers, bidirectional):
    """Each layer's last states, both directions side by side, through one product for each part of the state."""
    reader = CELLS[cell](input_size=E, hidden_size=H, num_layers=layers, bidirectional=bidirectional).double()
    encoder = SourceEncoder(reader).double()
    x = torch.randn(B, S, E, dtype=torch.float64)
    values, mask, start = encoder(x, LENGTHS)
    expected, final = reader(x, None, LENGTHS)
    close(values, expected)
    assert mask.sum(1).tolist() == LENGTHS.tolist()
    directions = 1 + bidirectional
    for part, (mine, last) in enumerate(zip(start, final, strict=True)):
        bridge = encoder.bridges[part]
        for k in range(layers):
            sides = torch.cat([last[:, k * directions + d] for d in range(directions)], -1)
            close(mine[:, k], torch.tanh(F.linear(sides, bridge.weight, bridge.bias)))
    zeros = SourceEncoder(reader, bridge=False)(x, LENGTHS)[2]
    assert [part.shape for part in zeros] == [part.shape for part in start] and not any(part.any() for part in zeros)


def test_a_memory_is_repeated_row_by_row():
    decoder = make()
    memory = remember(decoder)
    thrice = memory.repeat(3)
    for mine, theirs in zip((*memory[:3], *memory.start), (*thrice[:3], *thrice.start), strict=True):
        assert all(torch.equal(theirs[3 * b + k], mine[b]) for b in range(B) for k in range(3))


def test_refusals():
    with pytest.raises(InputError, match="input_feeding needs an attention"):
        AttentionDecoder(LSTM(input_size=E, hidden_size=H), None, V, True)
    with pytest.raises(InputError, match="coverage needs input_feeding: true"):
        make(coverage=True, input_feeding=False)
    with pytest.raises(InputError, match="coverage needs additive scores, got multiplicative"):
        Attention("multiplicative", H, V, True)
    with pytest.raises(InputError, match="expected additive, multiplicative or none, got dot"):
        Attention("dot", H, V)


@each_cell
@pytest.mark.parametrize("num_layers", [1, 2])
def test_the_whole_cell_at_each_step_is_the_split_one(cell, num_layers, monkeypatch):
    """What layer norm, zoneout and masks take is the way of every other cell, only slower."""
    decoder, x = make(cell, num_layers=num_layers), inputs()
    memory = remember(decoder)
    split, after = decoder(x, decoder.initial_state(B, memory), memory)
    monkeypatch.setattr(type(decoder.cell), "fusible", False)
    monkeypatch.setattr(decoder, "_split", None)
    whole, ends = decoder(x, decoder.initial_state(B, memory), memory)
    torch.testing.assert_close(whole, split, rtol=0, atol=1e-12)
    for one, other in zip(ends, after, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@each_cell
@pytest.mark.parametrize("given", [{"layer_norm": True}, {"zoneout": 0.2}, {"weight_drop": 0.3}], ids=str)
def test_a_regularised_cell_decodes_and_learns(cell, given):
    read = CELLS[cell](input_size=E + H, hidden_size=H, **given)
    decoder = AttentionDecoder(read, Attention("additive", H, V, False), V, True).double().train()
    memory = remember(decoder)
    outputs, _ = decoder(inputs(), decoder.initial_state(B, memory), memory)
    outputs.square().sum().backward()
    assert outputs.shape == (B, T, H)
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in decoder.parameters())
