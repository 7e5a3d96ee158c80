import torch

from unrolled.functional.generators import generator


def numbers(*key):
    return torch.rand(4, generator=generator(*key)).tolist()


def test_the_same_key_draws_the_same_numbers_whatever_was_drawn_before():
    first = numbers(1, "train", 0)
    torch.rand(3)
    torch.manual_seed(77)
    assert numbers(1, "train", 0) == first


def test_every_part_of_the_key_and_its_place_counts():
    keys = [(1, "train", 0), (2, "train", 0), (1, "valid", 0), (1, "train", 1), (0, "train", 1), (1, "train"), (1, 0)]
    assert len({tuple(numbers(*key)) for key in keys}) == len(keys)


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    numbers(1)
    assert torch.equal(torch.get_rng_state(), before)
