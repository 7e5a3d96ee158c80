"""Windows of random length."""

import torch


def normal_cuts(
    length: int, base: int, half_probability: float, std: float, shortest: int, generator: torch.Generator
) -> list[int]:
    """Where `length` time steps are cut, 0 and `length` among them; what is left over stands first.

        m := base / 2 with probability half_probability, else base;   a window's length := max(shortest, int(N(m, std)))

    Source: Merity, Keskar & Socher 2018, "Regularizing and optimizing LSTM language models", section 5; the bound
    below is that of their code.
    """
    cuts = [length]
    while cuts[-1] > 0:
        coin = torch.rand((), dtype=torch.float64, generator=generator)
        mean = base / 2 if coin < half_probability else base
        drawn = mean + std * torch.randn((), dtype=torch.float64, generator=generator)
        cuts.append(max(0, cuts[-1] - max(shortest, int(drawn))))
    return cuts[::-1]
