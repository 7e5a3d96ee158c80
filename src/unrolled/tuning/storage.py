"""Where a study is kept: one relational database, whichever it is, with heartbeats.

A worker that is killed stops sending signs of life; the next worker that asks for a trial then fails the silent one and
queues its parameters once more.  Only relational storages have heartbeats, and a journal file can be torn for ever.
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

PATIENCE = 3  # heartbeats that may stay out before a trial is given up: a busy machine is not a dead one
RETRIES = 2  # a trial that takes its worker along every time is not tried for ever
BUSY = 60  # seconds to wait while another process writes to SQLite


def url(sweep: Sweep, folder: Path) -> str:
    """The storage that the sweep file names, or SQLite in the study's folder."""
    return sweep.storage or f"sqlite:///{(folder / 'study.db').resolve()}"


def open_study(sweep: Sweep, folder: Path) -> optuna.Study:
    """The study of a folder, made where there is none yet.

    The launcher calls this once before any worker does: two processes that both make the tables stand in each
    other's way.

    Raises:
        InputError: the storage cannot be opened.
    """
    address = url(sweep, folder)
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
        raise InputError(f"{_told(address)}: expected a database that opens, got: {_line(error)}") from None


def _told(address: str) -> str:
    """The address as it may be shown."""
    try:
        return make_url(address).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "storage"


def _line(error: Exception) -> str:
    return " ".join(str(error.__cause__ or error).split())
