"""The classes that a recipe may name, and nothing else: what each package exports, and a list of torch's own.

Answers come from the source by `ast`, without torch; only `find` imports.
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
# LBFGS, Muon and SparseAdam ask more of a model than every task keeps; LambdaLR and its like take functions.
OPTIMIZERS = "ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax NAdam RAdam RMSprop Rprop SGD"
LR_SCHEDULERS = (
    "ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR ExponentialLR LinearLR MultiStepLR OneCycleLR "
    "PolynomialLR ReduceLROnPlateau StepLR"
)
TORCH = MappingProxyType(
    {"optimizers": OPTIMIZERS.split(), "lr_schedulers": LR_SCHEDULERS.split(), "trainer": ["Trainer"]}
)
# What a task must know of its data; the data says it (`sizes`).
SIZES = frozenset(
    {
        *("vocabulary_size", "level", "classes", "input_size", "output_size", "source_vocabulary_size"),
        *("horizon", "context", "channels"),
    }
)
# Arguments that the data, another section or the run itself supplies, so that no recipe names them.
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
    """The classes of a kind, by name."""
    return sorted(TORCH[kind] if kind in TORCH else source.constant(PACKAGES[kind], "__all__"))


@cache
def arguments(kind: str, name: str) -> dict[str, Argument]:
    """What a recipe can give to one class.

    A base class hands its arguments down inside its own package, so that a strategy shows its own and not the task's.
    """
    package = PACKAGES[kind]
    offered = signatures.arguments(package, name, within=package)
    return {key: argument for key, argument in offered.items() if key not in SUPPLIED.get(kind, ())}


def sizes(task: str) -> set[str]:
    """What a task must know of its data."""
    package = PACKAGES["tasks"]
    return {*SIZES} & signatures.arguments(package, task, within=package).keys()


def fits(task: str, given: Set[str]) -> bool:
    """Whether data with these sizes are of a task's kind: of the sizes whose default is None, it takes one."""
    offered = signatures.arguments(PACKAGES["tasks"], task, within=PACKAGES["tasks"])
    either = {name for name in sizes(task) if offered[name].default == "None"}
    return sizes(task) - either == given - either and len(given & either) == bool(either)


def classes(kind: str) -> dict[str, dict[str, Argument]]:
    """Every class of a kind with its arguments."""
    return {name: arguments(kind, name) for name in names(kind)}


def seam(strategy: str) -> str | None:
    """The part of a task that a strategy owns."""
    package = PACKAGES["strategies"]
    return signatures.attribute(package, strategy, "seam", within=package)


def additive() -> set[str]:
    """The seams that several strategies may own together."""
    seams: set[str] = source.constant("unrolled.tasks.base", "ADDITIVE")
    return seams


def long_name(kind: str, name: str) -> str:
    """`Adam` as `torch.optim.Adam`; the names of our own classes stay short."""
    return f"{PACKAGES[kind]}.{name}" if kind in TORCH and name in TORCH[kind] else name


def short_name(kind: str, name: str) -> str:
    """`torch.optim.Adam` as `Adam`; a name that is not in the catalog stays as it is."""
    prefix, _, last = name.rpartition(".")
    return last if prefix == PACKAGES[kind] and last in names(kind) else name


def find(kind: str, name: str) -> type:
    """Import a class of the catalog by its long or short name.

    Raises:
        InputError: the name is not in the catalog; nothing was imported then.
    """
    short = short_name(kind, name)
    if short not in names(kind):
        raise InputError(f"{kind}: {expected(short, names(kind))}")
    found: type = vars(importlib.import_module(PACKAGES[kind]))[short]
    return found
