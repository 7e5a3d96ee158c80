"""Hyper-parameter studies with Optuna: worker processes run each trial in a separate process.

    sweep file -> launcher: study folder, storage, study -> workers: ask, run, report -> table, best parameters

`sweep_file` defines a study, `search_space` and `samplers` choose parameters, `budget` stops the study, `worker` and
`trial_process` run trials, `trial_run` runs inside a trial's process. Importing this package loads none of them.
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
