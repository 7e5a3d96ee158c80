"""Data modules: the base class of every data set, and the contract between data and tasks."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self, runtime_checkable

import pytorch_lightning as pl
from numpy.typing import NDArray
from torch import Tensor

from unrolled.errors import InputError
from unrolled.suggestions import check_keywords

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


class Process(NamedTuple):
    """The position of this process among all processes of a run."""

    rank: int
    world_size: int


class SequenceDataModule(pl.LightningDataModule):
    """What tasks and runs read from every data set.  A data set overrides `sizes`, `baselines` and the loaders."""

    baseline_metric: ClassVar[str | None] = None  # the metric of `baselines`; None: the task's main metric
    label_steps: ClassVar[bool | None] = None  # True: a class for each step; False: for each sequence; None: for either
    fold_split: Split = "test"  # the split that holds the held-out fold in cross-validation

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        known = {name for base in cls.__mro__ for name in inspect.get_annotations(base.__init__)}  # type: ignore[misc]
        if not kwargs.keys() <= known:
            check_keywords(cls, kwargs)
        return super().__new__(cls)

    @property
    def owner(self) -> str:
        """The prefix of error messages: the name of the data set, or the path of the user's file."""
        return type(self).__name__

    @property
    def process(self) -> Process:
        """Rank and world size from the trainer; (0, 1) without a trainer."""
        return Process(self.trainer.global_rank, self.trainer.world_size) if self.trainer else Process(0, 1)

    def check_arguments(self) -> None:
        """Raise InputError for constructor arguments that no data can satisfy.  `setup` calls this first."""

    def sizes(self) -> dict[str, Any]:
        """Constructor arguments of the task that depend on the data, such as `vocabulary_size`; after `setup`."""
        raise NotImplementedError(f"{type(self).__name__} does not define sizes()")

    def baselines(self, split: Split) -> dict[str, Any]:
        """Scores of methods without a network on a split, by name: `baseline_metric`, or outputs to be scored."""
        raise NotImplementedError(f"{type(self).__name__} does not define baselines()")

    def state_dict(self) -> dict[str, Any]:
        """Saved in each checkpoint.  The entry "sizes" holds `sizes()`: the weights fit no other sizes."""
        return {"sizes": self.sizes()}


def at_least(low: int, **arguments: int | None) -> None:
    """Raise InputError for the first of the named arguments that is below `low`; None passes."""
    for name, value in arguments.items():
        if value is not None and not value >= low:
            raise InputError(f"data.init_args.{name}: expected {low} or more, got {value}")


def check_fractions(valid_fraction: float, test_fraction: float, *, positive: bool = False) -> None:
    """Raise InputError unless both are in [0, 1), or in (0, 1) if `positive`, and leave a fraction for training."""
    for name, value in (("valid_fraction", valid_fraction), ("test_fraction", test_fraction)):
        if not (0 < value < 1 or (value == 0 and not positive)):
            interval = "(0, 1)" if positive else "[0, 1)"
            raise InputError(f"data.init_args.{name}: expected a fraction in {interval}, got {value}")
    if (both := valid_fraction + test_fraction) >= 1:
        message = f"expected less than 1, got {both:g}; nothing is left to train on"
        raise InputError(f"data.init_args.valid_fraction + test_fraction: {message}")


@runtime_checkable
class HasTokens(Protocol):
    """Language modelling: `tokens[split]` (N,) int64, and the vocabulary that numbers them."""

    @property
    def tokens(self) -> Mapping[Split, Tensor]: ...

    @property
    def vocabulary(self) -> Any: ...


@runtime_checkable
class HasTexts(Protocol):
    """Translation: `texts[split]` holds (source, target) sentences; `write` decodes target token ids."""

    @property
    def texts(self) -> Mapping[Split, Sequence[tuple[str, str]]]: ...

    @property
    def source_vocabulary(self) -> Any: ...

    @property
    def vocabulary(self) -> Any: ...

    def write(self, numbers: list[int]) -> str: ...


@runtime_checkable
class CountsTokens(Protocol):
    """Labelled text: token counts of the training split, by class (C, V) and in total (V,)."""

    def token_counts(self) -> tuple[Tensor, Tensor]: ...


@runtime_checkable
class HasLanguages(Protocol):
    """Labelled text in several languages: the language of each sequence of a split; [] if unknown."""

    def languages(self, split: Split) -> list[str]: ...


@runtime_checkable
class HasForecasts(Protocol):
    """Forecasting: errors of the baselines by name and metric, and the raw context (C, O) of a split's first window."""

    def baseline_errors(self, split: Split) -> dict[str, dict[str, Any]]: ...

    def observed(self, split: Split) -> NDArray[Any]: ...
