"""Every strategy that works at each step is timed, and has something to do while it is."""

import torch

from unrolled.config import catalog

SEAMS = {"gradient", "clipping", "penalty", "constraint", "averaging"}


def test_a_row_for_each(script, printed):
    asked = {name for name in catalog.names("strategies") if catalog.seam(name) in SEAMS}
    ways = [*script("strategy_costs").WAYS]
    header, *rows = printed("strategy_costs", "--rounds 1 --units 4")
    assert {*ways} == asked | {"none"} and [row[0] for row in rows] == ways
    assert header == ["a step's time, of none's", "1x4"] and rows[0][1].endswith(" ms")


def test_each_has_something_to_do(script):
    module = script("strategy_costs")
    weights, averages = {}, {}
    for name in module.WAYS:
        torch.manual_seed(1)
        task, batches = module.ready(name, 64)
        assert module.seconds(task, batches) > 0 and task.optimizer_steps == module.BATCHES
        weights[name] = task.head.weight.detach()  # of an average the average
        averages[name] = getattr(task, "averaged_steps", 0)
    plain = weights.pop("none")
    assert {name for name in weights if torch.equal(weights[name], plain)} == {"SkipNonFinite"}
    begun = {name for name, number in averages.items() if number == 1 + module.BATCHES}
    assert begun == {"ExponentialAveraging", "TriggeredAveraging"}
