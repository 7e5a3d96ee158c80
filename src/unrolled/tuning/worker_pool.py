"""Worker processes of a launch."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from os import getpid
from pathlib import Path

EXIT_TIMEOUT = 10  # seconds that workers get to queue their trials again before they are killed

Workers = list["subprocess.Popen[bytes]"]


@contextmanager
def worker_pool(folder: Path, size: int, train: str) -> Iterator[Workers]:
    """Start workers for a study, and stop them on exit."""
    command = [sys.executable, "-m", "unrolled.tuning", str(folder), "--parent", str(getpid()), "--train", train]
    workers: Workers = []
    try:
        for number in range(size):
            with log_path(folder, number).open("w") as file:
                # A new session: Ctrl-C reaches only the launcher, which then stops its workers in order.
                workers.append(
                    subprocess.Popen(
                        command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
                    )
                )
        yield workers
    finally:
        with ExitStack() as cleanup:
            for worker in workers:
                cleanup.callback(worker.wait)
                cleanup.callback(worker.kill)
            _stop(workers)


def _stop(workers: Workers) -> None:
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + EXIT_TIMEOUT
    for worker in workers:
        try:
            worker.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return


def log_path(folder: Path, number: int) -> Path:
    """The output of a worker; empty unless it failed."""
    return folder / "logs" / f"worker-{number}.txt"


def last_line(folder: Path, number: int) -> str:
    """The last line of a worker's output."""
    lines = log_path(folder, number).read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"
