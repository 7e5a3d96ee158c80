"""Worker process of a study: `python -m unrolled.tuning runs/quickstart-sweep`.

Separate from `worker`, as multiprocessing imports the main module again in every child, but not a `__main__.py`.
"""

import argparse
import os
import signal
import threading
import time
from pathlib import Path

from unrolled.tuning.trial_process import TRAIN


def main() -> None:
    parser = argparse.ArgumentParser("python -m unrolled.tuning", description="Run trials of a study until it is done.")
    parser.add_argument("folder", type=Path, help="the study folder, created by `unrolled sweep`")
    parser.add_argument("--parent", type=int, help="exit when this process has ended")
    parser.add_argument("--train", default=TRAIN, help=argparse.SUPPRESS)
    given = parser.parse_args()

    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    if given.parent is not None:
        threading.Thread(target=_watch, args=(given.parent, stop), daemon=True).start()

    from unrolled.tuning.worker import Worker

    Worker(given.folder, stop, given.train).work()


def _watch(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    stop.set()


main()
