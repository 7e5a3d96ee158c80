import pytest
import torch

from unrolled.data.language_modeling.text_data import TextData
from unrolled.errors import InputError


class Letters(TextData):
    """Three given texts."""

    def __init__(self, train="abcab" * 40, valid="abca" * 20, test="cabx" * 20, **kwargs):
        super().__init__(**{"batch_size": 4, "sequence_length": 10, "eval_batch_size": 4} | kwargs)
        self.texts = {"train": train, "valid": valid, "test": test}
        self.loads = 0

    def load(self):
        self.loads += 1
        return self.texts


def test_setup_numbers_each_split_once_with_the_training_vocabulary():
    data = Letters()
    data.setup("fit")
    tokens = data.tokens["train"]
    data.setup("test")
    assert data.loads == 1 and data.tokens["train"] is tokens
    assert data.vocabulary.tokens == ["<unk>", "<bos>", "a", "b", "c"]
    assert data.vocabulary.decode(data.tokens["test"][:4]) == "cab<unk>"  # x does not stand in training
    assert data.text("test") == "cabx" * 20


def test_loaders_cover_their_split():
    data = Letters(sequence_length=7)
    data.setup()
    for split, loader in {
        "train": data.train_dataloader(),
        "valid": data.val_dataloader(),
        "test": data.test_dataloader(),
    }.items():
        read = torch.cat([batch.targets for batch in loader], dim=1).flatten()
        assert torch.equal(read[read >= 0], data.tokens[split])


def test_the_vocabulary_travels_with_the_checkpoint():
    data, same, other = Letters(), Letters(), Letters(train="abcz" * 50)
    data.setup()
    state = data.state_dict()
    sizes = {"vocabulary_size": 5, "level": "character"}
    assert state == {"vocabulary": ["<unk>", "<bos>", "a", "b", "c"], "level": "character", "sizes": sizes}
    same.load_state_dict(state)  # before setup: enough to read and write text
    assert same.vocabulary == data.vocabulary
    same.setup()
    same.load_state_dict(state)  # after setup, as Lightning does
    other.setup()
    with pytest.raises(InputError, match=r"checkpoint: its vocabulary \(characters, 5 tokens\) is not this text's .*6"):
        other.load_state_dict(state)


def test_another_vocabulary_is_refused_at_setup_too():
    data, other = Letters(), Letters(train="abcz" * 50)
    data.setup()
    other.load_state_dict(data.state_dict())
    with pytest.raises(InputError, match="checkpoint: its vocabulary"):
        other.setup()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"level": "letter"}, r"data\.init_args\.level: expected character, word or subword, got 'letter'"),
        ({"batch_size": 0}, r"data\.init_args\.batch_size: expected 1 or more, got 0"),
        ({"vocabulary_size": 2}, r"vocabulary_size: expected more than the 2 special tokens"),
        ({"valid": ""}, r"the valid split is empty; set data\.init_args\.valid_fraction above 0"),
        (
            {"sequence_length": 80},
            r"the valid split has 80 tokens \(characters\), expected at least 81 for one window; "
            r"lower data\.init_args\.sequence_length",
        ),
        ({"batch_size": 201}, r"the train split has 200 tokens .* the 201 rows .* lower data\.init_args\.batch_size"),
        (
            {"eval_batch_size": 81},
            r"the valid split has 80 tokens .* the 81 rows .* lower data.init_args.eval_batch_size",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_trained_on_is_refused(change, message):
    with pytest.raises(InputError, match=message) as caught:
        Letters(**change).setup("fit")
    assert "\n" not in str(caught.value)


def test_the_largest_and_shortest_that_can_be_trained_on():
    Letters(sequence_length=79, batch_size=200, eval_batch_size=80).setup("fit")


def test_the_vocabulary_is_not_there_before_setup():
    with pytest.raises(InputError, match="call setup"):
        len(Letters().vocabulary)


@pytest.mark.parametrize("level", ["character", "word"])
def test_documents_end_with_their_separator(level):
    """By hand: every document encoded by itself, one behind the other; the tokens are those of the whole text."""
    text = "one two\n\nthree\n\n\nfour five six\n\n" * 9
    ends, i = [], text.find("\n\n")
    while i >= 0:
        ends.append(text[: i + 2])
        i = text.find("\n\n", i + 2)
    data = Letters(text, text, "", level=level, document_separator="\n\n", sequence_length=4)
    data.setup("fit")
    loader = data.train_dataloader()
    assert torch.equal(data.tokens["train"], data.vocabulary.encode(text))
    places = {len(data.vocabulary.encode(end)) for end in ends} - {len(data.tokens["train"])}
    columns = loader.inputs.shape[1]
    marked = {int(row) * columns + int(column) for row, column in loader.resets.nonzero()}
    assert marked == places | {row * columns for row in range(len(loader.inputs))}


def test_an_empty_separator_is_refused():
    with pytest.raises(InputError, match="document_separator: expected a text, or null, got an empty one"):
        Letters(document_separator="").setup()
