"""Constructor arguments kept with an architecture."""

from typing import Any

from torch import nn


class Described(nn.Module):
    """Keeps the keyword arguments that an instance was made with, so that a checkpoint can name them."""

    arguments: dict[str, Any]  # empty where they were given by position, or unknown

    def __new__(cls, *args: Any, **kwargs: Any) -> "Described":
        made = super().__new__(cls)
        vars(made)["arguments"] = kwargs
        return made
