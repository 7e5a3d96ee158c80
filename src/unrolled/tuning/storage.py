"""Storage of a study: a relational database with heartbeats.

A killed worker stops sending heartbeats; the next worker that asks for a trial fails the stale trial and queues its
parameters again.  Only relational storages have heartbeats, and a journal file can be corrupted permanently.
"""

import warnings
from pathlib import Path

import optuna
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.study import StudyDirection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from unrolled.errors import InputError
from unrolled.tuning.sweep_file import Sweep

PATIENCE = 3  # missed heartbeats before a trial is stale: a busy machine may miss one
RETRIES = 2  # retries of a stale trial, as it may be the reason why its worker died
BUSY = 60  # seconds to wait while another process writes to SQLite


def storage_url(sweep: Sweep, folder: Path) -> str:
    """The storage URL of the sweep file, or SQLite in the study folder."""
    return sweep.storage or f"sqlite:///{(folder / 'study.db').resolve()}"


def open_study(sweep: Sweep, folder: Path) -> optuna.Study:
    """The study of a folder, created if missing.

    The launcher calls this before it starts workers: processes that create the tables at the same time conflict.

    Raises:
        InputError: the storage cannot be opened.
    """
    address = storage_url(sweep, folder)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            storage = RDBStorage(
                address,
                engine_kwargs={"connect_args": {"timeout": BUSY}} if address.startswith("sqlite") else {},
                heartbeat_interval=sweep.heartbeat,
                grace_period=PATIENCE * sweep.heartbeat,
                heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=RETRIES),
            )
        return optuna.create_study(
            storage=storage,
            study_name=sweep.study,
            direction=StudyDirection[sweep.objective["direction"].upper()],
            load_if_exists=True,
        )
    except (SQLAlchemyError, ImportError, RuntimeError) as error:
        raise InputError(f"{_without_password(address)}: expected a readable database, got: {_line(error)}") from None


def _without_password(address: str) -> str:
    """The URL for display."""
    try:
        return make_url(address).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "storage"


def _line(error: Exception) -> str:
    return " ".join(str(error.__cause__ or error).split())
