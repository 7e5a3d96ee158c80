"""One command runs a study; the same command again goes on, whatever ended the first."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial

from unrolled.errors import InputError, RunFailed
from unrolled.tuning import launch

from .conftest import RATE, WriteSweep, study_in
from .test_trial_process import eventually, gone

FOLDER = Path("runs/stand-in")
LAUNCH = "import sys; from unrolled.tuning import launch; launch('sweep.yaml', train=sys.argv[1])"


def trials() -> list[FrozenTrial]:
    return study_in(FOLDER).get_trials()


def states() -> dict[str, int]:
    found = [trial.state.name for trial in trials()]
    return {name: found.count(name) for name in sorted(set(found))}


def start(name: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", LAUNCH, f"standin:{name}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def workers_of(launcher: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()]


def test_two_workers_meet_the_budget_exactly_and_tell_the_best(
    write_sweep: WriteSweep, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = write_sweep(trials=7, workers=2)
    assert launch(sweep, train="standin:quadratic") == FOLDER
    assert states() == {"COMPLETE": 7}
    assert len({trial.params[RATE] for trial in trials()}) == 7  # the workers did not draw the same numbers
    assert sorted(int(folder.name) for folder in FOLDER.glob("trials/*")) == list(range(7))

    *lines, head, best = capsys.readouterr().out.splitlines()
    assert sorted(line.split("  ")[0] for line in lines) == [f"trial {number}" for number in range(7)]
    lowest = min(trials(), key=lambda trial: trial.value or 0.0)
    assert head.startswith(f"best of 7 trials: trial {lowest.number} with val/loss {lowest.value:.4f}")
    assert best == f"  --{RATE} {lowest.params[RATE]}"

    launch(sweep, trials=8, workers=1, train="standin:quadratic")
    assert states() == {"COMPLETE": 8}


def test_a_killed_launcher_leaves_nothing_running_and_loses_nothing(write_sweep: WriteSweep) -> None:
    write_sweep(trials=20)
    launcher = start("slow")
    assert eventually((FOLDER / "trials/1/rate").exists)
    workers = workers_of(launcher.pid)
    assert len(workers) == 2
    launcher.kill()
    launcher.wait()
    assert all(eventually(lambda pid=pid: gone(pid)) for pid in workers)
    before = {trial.number: trial for trial in trials() if trial.state.name == "COMPLETE"}
    assert 0 < len(before) < 20  # the workers did not go on alone
    assert "RUNNING" not in states()

    launch("sweep.yaml", train="standin:quadratic")
    after = trials()
    assert [after[number] for number in before] == list(before.values())
    assert {name: count for name, count in states().items() if name != "FAIL"} == {"COMPLETE": 20}
    chosen = [trial.params[RATE] for trial in after if trial.state.name == "COMPLETE"]
    assert {trial.params[RATE] for trial in after if trial.state.name == "FAIL"} <= set(chosen)  # those ran again


def test_ctrl_c_ends_in_good_order(write_sweep: WriteSweep) -> None:
    write_sweep(workers=1)
    launcher = start("endless")
    assert eventually((FOLDER / "trials/0/pids").exists)
    pids = [*map(int, (FOLDER / "trials/0/pids").read_text().split()), *workers_of(launcher.pid)]
    launcher.send_signal(signal.SIGINT)
    message, _ = launcher.communicate()
    assert launcher.returncode == 130
    assert message.endswith("stopped with 0 of 6 trials finished; repeat the command to resume\n")
    assert "Traceback" not in message
    assert all(eventually(lambda pid=pid: gone(pid)) for pid in pids)
    assert states() == {"FAIL": 1, "WAITING": 1}


def test_what_keeps_failing_is_told_with_its_first_reason(write_sweep: WriteSweep) -> None:
    sweep = write_sweep(trials=2, workers=1)
    with pytest.raises(RunFailed) as raised:
        launch(sweep, train="standin:broken")
    assert str(raised.value) == (
        "0 of 2 trials of runs/stand-in finished and 2 failed; trial 0: step 3: the loss is nan in encoder; "
        "see runs/stand-in/logs/trial-0.txt"
    )


@pytest.mark.parametrize(("train", "kind"), [("refused", InputError), ("first_alone", RunFailed)])
def test_input_that_every_trial_refuses_is_bad_input(write_sweep: WriteSweep, train: str, kind: type) -> None:
    """Exit code 2; where some trial could use it, the study has failed to finish."""
    sweep = write_sweep(trials=2, workers=1)
    with pytest.raises(kind, match=r"failed; trial \d: mine.csv: row 3: expected a number; see") as raised:
        launch(sweep, train=f"standin:{train}")
    assert type(raised.value) is kind


def test_a_worker_that_dies_is_told_with_its_last_line(write_sweep: WriteSweep, monkeypatch: Any) -> None:
    sweep = write_sweep(workers=1)
    monkeypatch.setattr("unrolled.tuning.worker_pool.sys.executable", "/bin/false")
    with pytest.raises(RunFailed, match="worker 0 died: no output"):
        launch(sweep)


def test_no_trial_starts_when_the_time_is_over(write_sweep: WriteSweep, capsys: pytest.CaptureFixture[str]) -> None:
    launch(write_sweep(seconds=1e-6, workers=1), train="standin:quadratic")
    assert states() == {}
    assert "none of them complete" in capsys.readouterr().out


def test_launching_needs_no_torch(write_sweep: WriteSweep) -> None:
    write_sweep(seconds=1e-6, workers=1)
    code = f"{LAUNCH}; sys.exit(str(sorted({{'torch', 'pytorch_lightning'}} & sys.modules.keys())))"
    ended = subprocess.run(
        [sys.executable, "-c", code, "standin:quadratic"], capture_output=True, text=True, check=False
    )
    assert ended.stderr.strip() == "[]"
