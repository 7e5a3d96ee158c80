"""Catalogue of the classes that a recipe may name: the exports of each package, and a list of torch classes.

Everything is read from the source with `ast`, without importing torch; only `find` imports.
"""

import importlib
from collections.abc import Set
from functools import cache
from types import MappingProxyType

from unrolled.config import signatures, source
from unrolled.config.signatures import Argument as Argument
from unrolled.errors import InputError
from unrolled.suggestions import expected

PACKAGES = MappingProxyType(
    {
        "tasks": "unrolled.tasks",
        "architectures": "unrolled.architectures",
        "strategies": "unrolled.strategies",
        "data": "unrolled.data",
        "optimizers": "torch.optim",
        "lr_schedulers": "torch.optim.lr_scheduler",
        "trainer": "pytorch_lightning.trainer.trainer",
    }
)
# Excluded: LBFGS, Muon and SparseAdam, whose requirements not every task meets; schedulers that take functions.
OPTIMIZERS = "ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax NAdam RAdam RMSprop Rprop SGD"
LR_SCHEDULERS = (
    "ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR ExponentialLR LinearLR MultiStepLR OneCycleLR "
    "PolynomialLR ReduceLROnPlateau StepLR"
)
TORCH = MappingProxyType(
    {"optimizers": OPTIMIZERS.split(), "lr_schedulers": LR_SCHEDULERS.split(), "trainer": ["Trainer"]}
)
# Sizes that a task takes from its data (`sizes()`).
SIZES = frozenset(
    {
        *("vocabulary_size", "level", "classes", "input_size", "output_size", "source_vocabulary_size"),
        *("horizon", "context", "channels"),
    }
)
# Arguments supplied by the data, by another section or by the run, which a recipe must not set.
SUPPLIED = MappingProxyType(
    {
        "tasks": {*SIZES, "architecture", "optimizer", "lr_scheduler"},
        "architectures": {"input_size"},
        "optimizers": {"params"},
        "lr_schedulers": {"optimizer", "last_epoch", "scale_fn"},
        "trainer": {
            *("callbacks", "logger", "plugins", "default_root_dir"),
            *("enable_checkpointing", "enable_model_summary", "enable_progress_bar"),
        },
    }
)


@cache
def names(kind: str) -> list[str]:
    """Names of all classes of a kind."""
    return sorted(TORCH[kind] if kind in TORCH else source.read_constant(PACKAGES[kind], "__all__"))


@cache
def arguments(kind: str, name: str) -> dict[str, Argument]:
    """The arguments of a class that a recipe can set.

    Arguments of base classes are included within the same package: those of a strategy exclude the task's.
    """
    package = PACKAGES[kind]
    offered = signatures.class_arguments(package, name, within=package)
    return {key: argument for key, argument in offered.items() if key not in SUPPLIED.get(kind, ())}


def sizes(task: str) -> set[str]:
    """Names of the sizes that a task takes from its data."""
    package = PACKAGES["tasks"]
    return {*SIZES} & signatures.class_arguments(package, task, within=package).keys()


def fits(task: str, given: Set[str]) -> bool:
    """Whether data with these sizes fits a task; of the sizes with default None exactly one must be given."""
    offered = signatures.class_arguments(PACKAGES["tasks"], task, within=PACKAGES["tasks"])
    either = {name for name in sizes(task) if offered[name].default == "None"}
    return sizes(task) - either == given - either and len(given & either) == bool(either)


def classes(kind: str) -> dict[str, dict[str, Argument]]:
    """All classes of a kind with their arguments."""
    return {name: arguments(kind, name) for name in names(kind)}


def seam(strategy: str) -> str | None:
    """The seam that a strategy occupies; None if it has none."""
    return attribute("strategies", strategy, "seam")


def attribute(kind: str, name: str, key: str) -> str | None:
    """The constant value of a class attribute as text ("True", "clipping"); None if it is unset or None."""
    return signatures.class_attribute(PACKAGES[kind], name, key, within=PACKAGES[kind])


def additive() -> set[str]:
    """The seams that several strategies may share."""
    seams: set[str] = source.read_constant("unrolled.tasks.base", "ADDITIVE")
    return seams


def long_name(kind: str, name: str) -> str:
    """`Adam` as `torch.optim.Adam`; names of classes of this package stay short."""
    return f"{PACKAGES[kind]}.{name}" if kind in TORCH and name in TORCH[kind] else name


def short_name(kind: str, name: str) -> str:
    """`torch.optim.Adam` as `Adam`; names outside the catalogue stay unchanged."""
    prefix, _, last = name.rpartition(".")
    return last if prefix == PACKAGES[kind] and last in names(kind) else name


def find(kind: str, name: str) -> type:
    """Import a class of the catalogue by its long or short name.

    Raises:
        InputError: the name is not in the catalogue; nothing was imported.
    """
    short = short_name(kind, name)
    if short not in names(kind):
        raise InputError(f"{kind}: {expected(short, names(kind))}")
    found: type = vars(importlib.import_module(PACKAGES[kind]))[short]
    return found
