import torch

from unrolled.functional.state import detach, restart


def states(*shapes):
    return tuple(torch.randn(shape, requires_grad=True) for shape in shapes)


def test_detach_keeps_the_numbers_and_stops_the_gradient():
    state = tuple(part * 2 for part in states((4, 2, 3), (4, 2, 3)))
    stopped = detach(state)
    assert isinstance(stopped, tuple) and len(stopped) == 2
    for part, kept in zip(stopped, state, strict=True):
        assert torch.equal(part, kept) and not part.requires_grad and part.grad_fn is None
        assert kept.requires_grad


def test_restart_takes_fresh_rows_from_the_initial_state():
    state, initial = states((4, 2, 3), (4, 5), (4,)), states((4, 2, 3), (4, 5), (4,))
    fresh = torch.tensor([True, False, False, True])
    mixed = restart(state, fresh, initial)
    assert len(mixed) == 3
    for part, old, begin in zip(mixed, state, initial, strict=True):
        assert part.shape == old.shape
        for row in range(4):
            assert torch.equal(part[row], begin[row] if fresh[row] else old[row])


def test_restart_of_none_and_of_all_is_bitwise():
    state, initial = states((3, 2)), states((3, 2))
    assert torch.equal(restart(state, torch.zeros(3, dtype=torch.bool), initial)[0], state[0])
    assert torch.equal(restart(state, torch.ones(3, dtype=torch.bool), initial)[0], initial[0])


def test_restart_sends_each_row_its_own_gradient():
    state, initial = states((3, 2, 2)), states((3, 2, 2))
    fresh = torch.tensor([False, True, False])
    old, begin = torch.autograd.grad(restart(state, fresh, initial)[0].sum(), [*state, *initial])
    assert old[:, 0, 0].tolist() == [1, 0, 1] and begin[:, 0, 0].tolist() == [0, 1, 0]


def test_restart_forgets_a_row_that_is_no_number_any_more():
    state = (torch.tensor([[float("nan")], [1.0]]),)
    assert restart(state, torch.tensor([True, False]), (torch.zeros(2, 1),))[0].tolist() == [[0.0], [1.0]]


def test_restart_changes_neither_argument():
    state, initial = (torch.ones(2, 3),), (torch.zeros(2, 3),)
    restart(state, torch.tensor([True, False]), initial)[0].fill_(7)
    assert bool((state[0] == 1).all()) and bool((initial[0] == 0).all())
