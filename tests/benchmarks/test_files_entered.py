"""The count of files that one training batch enters."""

import sys

# The most files entered today; lower a number as files merge.
TODAY = {
    "CSV to metric": 38,
    "CSV to batch": 15,
    "scheduled sampling, batch": 23,
    "scheduled sampling, construction and batch": 30,
    "language model, batch": 18,
    "language model, construction and batch": 25,
}


def test_a_batch_enters_few_files(script):
    module = script("files_entered")
    found = module.measure()
    assert found.keys() == TODAY.keys()
    assert not {name: sorted(files) for name, files in found.items() if len(files) > TODAY[name]}
    assert all((module.SOURCE / file).is_file() for files in found.values() for file in files)
    assert sys.getprofile() is None


def test_files_on_the_path_are_found(script):
    found = script("files_entered").measure()
    assert found["CSV to batch"] < found["CSV to metric"]
    assert "data/sequences/text_table.py" in found["CSV to batch"]
    for name in ("scheduled sampling", "language model"):
        assert found[f"{name}, batch"] <= found[f"{name}, construction and batch"]
        assert {"tasks/base.py", "architectures/lstm.py"} <= found[f"{name}, batch"]
    assert "strategies/feedback/scheduled_sampling.py" in found["scheduled sampling, batch"]
    assert "strategies/feedback/scheduled_sampling.py" not in found["language model, batch"]


def test_it_prints_a_table(printed):
    rows = printed("files_entered", "-v")
    assert rows[0] == ["path", "files entered", "at most"]
    assert len(rows) == 7 and all(int(count) > 5 for _, count, _ in rows[1:])
