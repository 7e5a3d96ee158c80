"""Configurations are the recipes, and their commands can be typed as they stand."""

import shlex

import yaml

from reports.folders import RECIPE
from unrolled.reports.narrative.configurations import configurations
from unrolled.reports.records import Report, Run, Study, Trial

BEST = Trial(
    7, "complete", 1.0, {"optimizer.init_args.lr": 0.0012345678901234, "architecture.class_path": "GRU", "n": None}
)


def test_a_runs_recipe_and_command() -> None:
    ((title, written, command),) = configurations(Report("r", (Run("a", "my runs/a", RECIPE), Run("b", "runs/b")), ()))
    assert title == "a"
    assert yaml.safe_load(written) == RECIPE
    assert list(yaml.safe_load(written)) == list(RECIPE)
    assert shlex.split(command) == ["unrolled", "fit", "-c", "my runs/a/recipe.yaml", "--run", "a"]


def test_the_best_trials_recipe() -> None:
    run = Run("s, trial 7", "runs/s/trials/7", RECIPE)
    ((title, written, command),) = configurations(
        Report("r", (), (Study("s", "runs/s", trials=(BEST,), best_run=run),))
    )
    assert title == "Trial 7, the best of s"
    assert yaml.safe_load(written) == RECIPE
    assert command == "unrolled fit -c runs/s/trials/7/recipe.yaml --run s-trial-7"


def test_without_its_folder_the_best_trial_is_what_it_changed() -> None:
    sweep = {"recipe": "quickstart", "overrides": {"trainer.max_epochs": 2}}
    ((_, written, command),) = configurations(Report("r", (), (Study("s", "runs/s", sweep=sweep, trials=(BEST,)),)))
    assert yaml.safe_load(written) == {"trainer.max_epochs": 2, **BEST.params}
    assert shlex.split(command) == [
        *["unrolled", "fit", "-c", "quickstart", "--trainer.max_epochs=2"],
        *["--optimizer.init_args.lr=0.0012345678901234", "--architecture.class_path=GRU", "--n=null"],
    ]


def test_odd_sweep_files_and_names_still_give_a_command() -> None:
    odd = Study("s", "runs/s", sweep={"recipe": 3, "overrides": "x"}, trials=(Trial(0, "complete", 1.0),))
    assert configurations(Report("r", (), (odd,)))[0][2] == "unrolled fit -c RECIPE"
    assert configurations(Report("r", (Run("x", "runs/; rm -rf x", RECIPE),), ()))[0][2] == (
        "unrolled fit -c 'runs/; rm -rf x/recipe.yaml'"
    )


def test_nothing_to_show() -> None:
    assert configurations(Report("r", (), (Study("s", "runs/s", trials=(Trial(0, "pruned"),)),))) == []
