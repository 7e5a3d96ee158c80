"""One name for a hyper-parameter and a state, at the terminal and in a report."""

from unrolled.trial_labels import short_labels, state_label


def test_labels_are_short_unless_they_would_be_the_same() -> None:
    paths = ["optimizer.init_args.lr", "task.LanguageModeling.dropout", "architecture.init_args.dropout"]
    assert list(short_labels(paths).values()) == ["lr", *paths[1:]]


def test_a_failed_trial_without_a_reason_was_interrupted() -> None:
    assert [state_label("FAIL", "no number"), state_label("FAIL", None), state_label("PRUNED", None)] == [
        "failed",
        "interrupted",
        "pruned",
    ]
