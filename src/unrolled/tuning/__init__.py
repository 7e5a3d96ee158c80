"""Optuna studies: each trial is a run in a process of its own, asked for and told by a few worker processes.

    sweep file -> launcher: study folder, storage, study -> workers: ask, run, tell -> table, best parameters

`sweep_file` says what a study is, `space` and `search` how parameters are chosen, `budget` when it is enough, `worker`
and `trial` do the work, `pruning` is what runs inside a trial's process. Importing this package loads neither.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unrolled.tuning.launcher import launch

__all__ = ["launch"]


def __getattr__(name: str) -> Any:
    if name == "launch":
        from unrolled.tuning.launcher import launch

        return launch
    raise AttributeError(f"module 'unrolled.tuning' has no attribute '{name}'")
