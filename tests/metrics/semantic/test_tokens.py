"""Tokens of texts: prefix spaces, special tokens, old tokenizers, odd texts."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evalhub.metrics.semantic.folder import ModelFolder, open_folder
from evalhub.metrics.semantic.tokens import TextTokenizer, load_tokenizer

Maker = Callable[..., Path]


def _tokenizer(path: Path) -> TextTokenizer:
    return load_tokenizer(open_folder(path))


def test_first_word_of_roberta_is_the_token_of_any_other(make_model: Maker) -> None:
    """A space is put before the text, whether or not the tokenizer's file says so."""
    texts = ["the cat", "a b"]
    plain = _tokenizer(make_model("roberta"))(texts)
    prefixed = _tokenizer(make_model("roberta", "prefixed", prefix=True))(texts)
    assert [item.ids.tolist() for item in plain] == [item.ids.tolist() for item in prefixed]
    first, second = _tokenizer(make_model("roberta"))(["the", "the the"])
    word = first.ids[1:-1].tolist()
    assert second.ids[1:-1].tolist() == word * 2


def test_first_word_of_bart_is_left_as_its_file_says(make_model: Maker) -> None:
    """bert-score asks for the space with RoBERTa's and GPT-2's tokenizers only."""
    with_space, without = (
        _tokenizer(make_model("bart", f"bart{prefix}", prefix=prefix))(["the"])[0].ids.tolist()
        for prefix in (True, False)
    )
    assert with_space != without


def test_prefix_space_is_set_inside_a_sequence(make_model: Maker) -> None:
    """A pre-tokenizer of several steps, as some conversions write it."""
    folder = make_model("roberta")
    path = folder / "tokenizer.json"
    state = json.loads(path.read_text())
    state["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [state["pre_tokenizer"]]}
    expected = _tokenizer(folder)(["the cat"])[0].ids.tolist()
    path.write_text(json.dumps(state))
    assert _tokenizer(folder)(["the cat"])[0].ids.tolist() == expected


@pytest.mark.parametrize(
    ("kind", "special"), [("bert", [0, -1]), ("roberta", [0, -1]), ("t5", [-1])]
)
def test_tokens_that_are_not_of_the_text_are_marked(
    make_model: Maker, kind: str, special: list[int]
) -> None:
    """At both ends, or at the end only; an empty text has nothing else."""
    item, empty = _tokenizer(make_model(kind))(["the cat", ""])
    marked = [index for index, mark in enumerate(item.special) if mark]
    assert marked == [index % len(item.ids) for index in special]
    assert empty.is_empty
    assert not item.is_empty


def test_special_token_that_is_spelled_out_is_marked(make_model: Maker) -> None:
    """It weighs nothing in bert-score as well; alone it is an empty text."""
    spelled, alone = _tokenizer(make_model("bert"))(["cat [SEP] dog", "[SEP]"])
    assert spelled.special.tolist() == [True, False, True, False, True]
    assert alone.is_empty


def test_half_a_surrogate_pair_is_a_question_mark(make_model: Maker) -> None:
    """JSON may hold one; it is no reason to fail a batch."""
    broken, mark = _tokenizer(make_model("roberta"))(["a \ud83d b", "a ? b"])
    assert broken.ids.tolist() == mark.ids.tolist()


def test_old_tokenizer_is_read_by_transformers(make_model: Maker) -> None:
    """A vocabulary in a text file gives the same tokens."""
    folder = make_model("bert")
    texts = ["The cat, sat. 今天", "", "dog " * 60]
    expected = _tokenizer(folder)(texts)
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    ordered = sorted(vocabulary, key=lambda token: int(vocabulary[token]))
    (folder / "vocab.txt").write_text("\n".join(ordered))
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    for one, other in zip(_tokenizer(folder)(texts), expected, strict=True):
        assert one.ids.tolist() == other.ids.tolist()
        assert (one.truncated, one.special.tolist()) == (other.truncated, other.special.tolist())


def test_tokenizer_in_python_only(make_model: Maker) -> None:
    """CANINE's tokens are code points; a long text is cut and says so."""
    folder = make_model("bert")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    (folder / "vocab.txt").write_text("")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "CanineTokenizer"}')
    config = {"model_type": "canine", "max_position_embeddings": 8}
    tokenizer = load_tokenizer(ModelFolder(folder, "canine", config))
    short, long, empty = tokenizer(["ab", "abcdefghijkl", ""])
    assert short.ids.tolist() == [0xE000, ord("a"), ord("b"), 0xE001]
    assert (len(long.ids), long.truncated, long.ids[-1]) == (8, True, 0xE001)
    assert (short.truncated, empty.is_empty) == (False, True)
