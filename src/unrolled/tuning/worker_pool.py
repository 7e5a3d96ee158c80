"""The worker processes of a launch."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from os import getpid
from pathlib import Path

FAREWELL = 10  # seconds that workers get to queue their trials again before they are killed

Team = list["subprocess.Popen[bytes]"]


@contextmanager
def team(folder: Path, size: int, train: str) -> Iterator[Team]:
    """Start workers on a study, and leave none behind."""
    command = [sys.executable, "-m", "unrolled.tuning", str(folder), "--parent", str(getpid()), "--train", train]
    workers: Team = []
    try:
        for number in range(size):
            with log(folder, number).open("w") as file:
                # A session of its own: Ctrl-C reaches the launcher alone, which then stops its workers in good order.
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


def _stop(workers: Team) -> None:
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + FAREWELL
    for worker in workers:
        try:
            worker.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return


def log(folder: Path, number: int) -> Path:
    """Where a worker prints; empty unless something went wrong."""
    return folder / "logs" / f"worker-{number}.txt"


def last_line(folder: Path, number: int) -> str:
    """The last thing that a worker said."""
    lines = log(folder, number).read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
