"""The command: what it answers, how fast that can be (without torch), and what it hands to the rest."""

import json
import os
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lightning_fabric.utilities.exceptions import MisconfigurationException

from unrolled.cli import main
from unrolled.config import recipe
from unrolled.errors import InputError, RunFailed

Calls = list[tuple[str, tuple[Any, ...], dict[str, Any]]]
ANSWER_ALL = """
import contextlib, io, json, sys
from unrolled.cli import main
for argv in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(argv)
        except SystemExit as exit:
            code = exit.code
    heavy = {"torch", "pytorch_lightning", "optuna", "wandb", "jsonargparse"} & sys.modules.keys()
    print(json.dumps([code, out.getvalue(), err.getvalue(), sorted(heavy)]))
"""


def line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of an error message."""
    message = capsys.readouterr().err
    assert message.startswith("unrolled: error: ")
    assert message.count("\n") == 1
    assert message.endswith("\n")
    return message.removeprefix("unrolled: error: ").strip()


QUICK: list[tuple[list[str], int, str]] = [
    (["--help"], 0, "COMMAND"),
    ([], 0, "COMMAND"),
    (["--version"], 0, "unrolled "),
    (["fit", "--help"], 0, "time steps between two optimizer steps."),
    (["test", "--help"], 0, "RUN_FOLDER"),
    (["completion", "bash"], 0, "--optimizer.init_args.lr"),
    (["fti"], 2, "got 'fti'. Did you mean fit?"),
    (["--fit"], 2, "--fit"),
    (["fit", "--trainer.max_epoch", "3"], 2, "unknown key 'trainer.max_epoch'. Did you mean trainer.max_epochs?"),
    (["fit", "--reusme"], 2, "Did you mean --resume?"),
    (["fit", "--resume"], 2, "--resume: expected a run in runs/quickstart, found none"),
    (["fit", "-c", "quickstrat"], 2, "Did you mean quickstart?"),
    (["fit", "-c", "nowhere.yaml"], 2, "nowhere.yaml: expected a YAML file"),
    (["fit", "--strategies", "[ClipNorm, ClipValue]"], 2, "both own the seam 'clipping'"),
    (["fit", "--strategies", "[ClipNrm]"], 2, "Did you mean ClipNorm?"),
    (["fit", "--optimizer", "os.system"], 2, "expected one of ASGD"),
    (
        ["fit", "--architecture", "subprocess.Popen"],
        2,
        "InfluenceNetwork, LSTM, MultiInput, RNN, RecurrentConv, got 'subprocess.Popen'",
    ),
    (["fit", "--data", "builtins.eval"], 2, "got 'builtins.eval'"),
    (["fit", "--trainer.callbacks", "[{class_path: os.system}]"], 2, "set by the run itself"),
    (["fit", "--trainer.logger", "{class_path: os.system}"], 2, "set by the run itself"),
    (["fit", "--trainer.plugins", "os.system"], 2, "set by the run itself"),
    (["fit", "-c", "char_shakespeare"], 2, "data.init_args.path: expected str"),
    (["fit", "--runs", "file"], 2, "file: expected a writable folder, got: "),
    (["fit", "--runs", "file/below"], 2, "file/below: expected a writable folder, got: Not a directory"),
    (["fit", "--run", "../up"], 2, "--run: expected a name"),
    (["fit", "--optimizer.init_args.lr"], 2, "--optimizer.init_args.lr: expected a value, got none"),
    (["test", "runs/none"], 2, "runs/none: expected a run folder"),
    (["generate", "runs/none", "--prefix", "a", "--length", "many"], 2, "--length: invalid int value: 'many'"),
    (["test", "runs/none", "--chkpt", "x"], 2, "got '--chkpt'. Did you mean --ckpt_path?"),
    (["validate"], 2, "required: RUN_FOLDER"),
    (["sweep", "none.yaml"], 2, "none.yaml: expected a sweep file"),
    (["forecast", "--help"], 0, "forecast.csv in the run folder"),
    (["forecast", "runs/none"], 2, "runs/none: expected a run folder"),
    (["completion", "fish"], 2, "invalid choice: 'fish'"),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """Exit code, stdout, stderr and heavy modules of each of the commands, given one after the other in one process."""
    folder = tmp_path_factory.mktemp("quick")
    (folder / "file").touch()
    asked = json.dumps([argv for argv, _, _ in QUICK])
    ended = subprocess.run(
        [sys.executable, "-c", ANSWER_ALL], input=asked, capture_output=True, text=True, check=True, cwd=folder
    )
    assert not list(folder.glob("runs/*"))
    return [json.loads(answer) for answer in ended.stdout.splitlines()]


@pytest.mark.parametrize("number", range(len(QUICK)), ids=[" ".join(argv) or "nothing" for argv, _, _ in QUICK])
def test_quick_answers_load_no_torch(answers: list[list[Any]], number: int) -> None:
    _, code, message = QUICK[number]
    found, out, err, heavy = answers[number]
    assert (found, heavy) == (code, []), err
    if code == 0:
        assert message in out
        assert not err
    else:
        assert not out
        assert err.startswith("unrolled: error: ")
        assert err.count("\n") == 1
        assert message in err


def test_both_ways_to_call(workdir: Path) -> None:
    script = Path(sys.executable).with_name("unrolled")
    ways = [[sys.executable, "-m", "unrolled"], *([[str(script)]] if script.exists() else [])]
    for way in ways:
        ended = subprocess.run([*way, "fti"], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
        ended = subprocess.run([*way, "--version"], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, "")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What the command hands on, with nothing done."""
    import unrolled.reports
    import unrolled.runs.evaluate
    import unrolled.runs.fit
    import unrolled.runs.inference.generate
    import unrolled.tuning

    seen: Calls = []

    def stand_in(name: str, answer: Any) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            seen.append((name, args, kwargs | {"UNROLLED_FOLDER": os.environ.get("UNROLLED_FOLDER")}))
            if name == "fit":
                (args[1] / "recipe.yaml").write_text(recipe.dump(args[0]))
            return answer

        return call

    measured = {
        "metrics": {"test/loss": 1.25, "step": 9.0},
        "baselines": {"trigram": 2.5},
        "baseline_metric": "perplexity",
    }
    monkeypatch.setattr(unrolled.runs.fit, "fit", stand_in("fit", {"val/loss": 1.5}))
    monkeypatch.setattr(unrolled.runs.evaluate, "evaluate", stand_in("evaluate", measured))
    monkeypatch.setattr(unrolled.runs.inference.generate, "generate", stand_in("generate", "lo world"))
    monkeypatch.setattr(unrolled.reports, "write", stand_in("report", Path("reports/x/index.html")))
    monkeypatch.setattr(unrolled.tuning, "launch", stand_in("sweep", Path("runs/study")))
    return seen


def test_fit_hands_on_the_effective_recipe(workdir: Path, calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--optimizer.init_args.lr", "1e-2", "--seed=5", "--trainer.max_epochs=2"]) == 0
    ((_, (effective, folder), kwargs),) = calls
    assert folder == Path("runs/quickstart")
    assert effective["optimizer"]["init_args"]["lr"] == 0.01
    assert (effective["seed"], effective["trainer"]["max_epochs"]) == (5, 2)
    assert effective["trainer"]["max_steps"] == -1  # a default
    assert (kwargs["resume"], kwargs["UNROLLED_FOLDER"]) == (False, "runs/quickstart")
    assert "UNROLLED_FOLDER" not in os.environ
    assert "val/loss 1.5" in capsys.readouterr().out


def test_runs_do_not_share_a_folder(workdir: Path, calls: Calls) -> None:
    for name in (None, None, "other", None):
        assert main(["fit", *(["--run", name] if name else [])]) == 0
    assert [args[1].name for _, args, _ in calls] == ["quickstart", "quickstart-2", "other", "quickstart-3"]


def test_resume_takes_the_newest_run_and_its_own_recipe(workdir: Path, calls: Calls) -> None:
    for seed in ("1", "2", "3"):
        assert main(["fit", "--seed", seed]) == 0
    Path("runs/quickstart-10").mkdir()  # no run: it has no recipe
    assert main(["fit", "--resume", "--trainer.max_epochs", "9"]) == 0
    _, (effective, folder), kwargs = calls[-1]
    assert (folder, kwargs["resume"]) == (Path("runs/quickstart-3"), True)
    assert (effective["seed"], effective["trainer"]["max_epochs"]) == (3, 9)


def test_ranks_of_one_run_share_its_folder(workdir: Path, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("UNROLLED_FOLDER", "runs/first")
    Path("runs/first").mkdir(parents=True)
    assert main(["fit"]) == 0
    assert [args[1] for _, args, _ in calls] == [Path("runs/first")]
    assert os.environ["UNROLLED_FOLDER"] == "runs/first"


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("text.txt: expected text,\n   got none"), "text.txt: expected text, got none"),
        (MisconfigurationException("no gpu"), "trainer: no gpu"),
    ],
)
def test_a_refused_run_leaves_no_folder(
    workdir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    message: str,
    trained: bool,
) -> None:
    def refuse(effective: recipe.Recipe, folder: Path, **kwargs: Any) -> None:
        (folder / "recipe.yaml").write_text(recipe.dump(effective))
        (folder / "checkpoints").mkdir()
        if trained:
            (folder / "checkpoints" / "last.ckpt").touch()
        raise error

    monkeypatch.setattr("unrolled.runs.fit.fit", refuse)
    assert main(["fit"]) == 2
    assert line(capsys) == message
    assert [path.name for path in Path("runs").iterdir()] == (["quickstart"] if trained else [])
    assert "UNROLLED_FOLDER" not in os.environ


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("bad"), 2, "bad"),
        (RunFailed("step 3: nan"), 1, "step 3: nan"),
        (ValueError("two\nlines"), 1, "ValueError: two lines (run again with --debug for the traceback)"),
    ],
)
def test_exit_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int, message: str
) -> None:
    def fail(words: Namespace) -> None:
        raise error

    monkeypatch.setattr("unrolled.cli.commands.run", fail)
    assert main(["fit"]) == code
    assert line(capsys) == message
    assert main(["fit", "--debug"]) == code
    assert "Traceback" in capsys.readouterr().err


def test_stopping(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(error: BaseException) -> Callable[[Namespace], None]:
        def fail(words: Namespace) -> None:
            raise error

        return fail

    monkeypatch.setattr("unrolled.cli.commands.run", stop(KeyboardInterrupt()))
    assert main(["fit"]) == 130
    assert capsys.readouterr().err == "unrolled: stopped\n"
    monkeypatch.setattr("unrolled.cli.commands.run", stop(SystemExit(143)))
    with pytest.raises(SystemExit) as caught:
        main(["fit"])
    assert caught.value.code == 143


def test_print_config_is_a_recipe(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strategies = "[CarriedState, {ClipValue: {max_value: 0.5}}]"
    assert main(["fit", "-c", "brown_words", "--print_config", "--strategies", strategies, "--seed", "4"]) == 0
    first = capsys.readouterr().out
    Path("mine.yaml").write_text(first)
    found = recipe.load("mine.yaml")
    defaults = {"drop_probability": 0.0, "learned_initial_state": False, "burn_in": 0}
    assert found["strategies"] == {"CarriedState": defaults, "ClipValue": {"max_value": 0.5}}
    assert found["seed"] == 4
    assert main(["fit", "-c", "mine.yaml", "--print_config"]) == 0
    assert capsys.readouterr().out == first
    assert not Path("runs").exists()


def test_wrong_types_name_the_key(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--optimizer.init_args.lr", "fast"]) == 2
    assert line(capsys) == "quickstart and the command line: optimizer.init_args.lr: expected float, got 'fast'"
    assert not list(Path("runs").iterdir())


@pytest.mark.parametrize(
    ("strategies", "message"),
    [
        ("[{TruncatedBPTT: {k1: 9, k2: 4}}]", "k1 <= k2"),
        ("[{TeacherForcing: {ratio: 1.5}}]", "ratio in [0, 1], got 1.5"),
    ],
)
def test_what_a_strategy_refuses(
    workdir: Path, capsys: pytest.CaptureFixture[str], strategies: str, message: str
) -> None:
    assert main(["fit", "--strategies", strategies]) == 2
    assert message in line(capsys)


@pytest.fixture
def a_run(workdir: Path) -> Path:
    folder = workdir / "runs" / "quickstart"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(recipe.dump(recipe.load("quickstart")))
    return folder


def test_commands_on_a_run(a_run: Path, calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(a_run)]) == 0
    assert main(["test", str(a_run), "--ckpt_path", "last.ckpt"]) == 0
    assert calls[0][1] == (a_run, "valid", None)
    assert calls[1][1] == (a_run, "test", Path("last.ckpt"))
    shown = capsys.readouterr().out
    assert "test/loss 1.25" in shown
    assert "baselines, perplexity: trigram 2.5" in shown
    argv = ["generate", str(a_run), "--prefix", "hel", "--length", "8", "--temperature", "0.5", "--seed", "3"]
    assert main(argv) == 0
    assert calls[2][1] == (a_run, "hel", 8, 0.5, 3, None)
    assert capsys.readouterr().out == "hello world\n"


def test_a_run_with_a_similar_name_is_offered(a_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "runs/quikstart"]) == 2
    assert "Did you mean runs/quickstart?" in line(capsys)


def test_sweep_and_report(workdir: Path, calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").touch()
    assert (
        main(["sweep", "--optimizer.init_args.lr", "1e-2", "mine.yaml", "--workers", "2", "--trainer.max_epochs=1"])
        == 0
    )
    _, args, kwargs = calls[0]
    assert args == (Path("mine.yaml"),)
    assert kwargs["overrides"] == {"optimizer.init_args.lr": 0.01, "trainer.max_epochs": 1}
    assert (kwargs["workers"], kwargs["trials"]) == (2, None)
    assert main(["report", "runs/a", "runs/b", "--name", "both"]) == 0
    assert calls[1][1] == ([Path("runs/a"), Path("runs/b")], "both")
    assert capsys.readouterr().out == "reports/x/index.html\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [("fi", "fit"), ("fit --optimizer.init_args.l", "--optimizer.init_args.lr"), ("test --ckpt", "--ckpt_path")],
)
def test_completion(workdir: Path, capsys: pytest.CaptureFixture[str], typed: str, offered: str) -> None:
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    words = ["unrolled", *typed.split()]
    (function,) = {
        word for text in script.splitlines() if text.startswith("complete") for word in text.split() if "_shtab" in word
    }
    ask = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; {function} || true; echo ${{COMPREPLY[@]}}"
    Path("ask.sh").write_text(f"{script}\n{ask}\n")
    ended = subprocess.run(["bash", "ask.sh"], capture_output=True, text=True, check=True)
    assert offered in ended.stdout.split()


@pytest.mark.slow
def test_ddp_writes_one_folder(workdir: Path) -> None:
    Path("text.txt").write_text("the cat sat on the mat. " * 200)
    data = f"{{class_path: TextFile, init_args: {{path: {workdir}/text.txt, batch_size: 4, sequence_length: 32}}}}"
    argv = ["--data", data, "--architecture.init_args.hidden_size", "4", "--lr_scheduler", "null"]
    argv += ["--trainer.max_epochs=1", "--trainer.limit_train_batches=2", "--trainer.accelerator=cpu"]
    argv += ["--trainer.devices=2", "--trainer.strategy=ddp"]
    for name in ("one", "one-2"):
        way = [sys.executable, "-m", "unrolled"] if name == "one" else [str(Path(sys.executable).with_name("unrolled"))]
        ended = subprocess.run([*way, "fit", "--run", "one", *argv], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        assert f"next: unrolled test runs/{name}" in ended.stdout
    assert sorted(path.name for path in Path("runs").iterdir()) == ["one", "one-2"]
