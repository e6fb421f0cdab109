"""Word lists by file."""

from pathlib import Path

import pytest

from evalhub.errors import MetricError
from evalhub.metrics import load
from evalhub.model import ScoreState

LIST = """# what must not be said
darn

  blow  up
# Strasse, however it is written
Straße
café
坏话
C++
"""


@pytest.fixture
def words(tmp_path: Path) -> str:
    """Write a word list and return its path."""
    file = tmp_path / "words.txt"
    file.write_text(LIST, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("All is well.", None),
        ("Darn it, DARN!", "found: darn"),
        ("I will blow\n up and say darn", "found: blow up, darn"),
        ("darned socks", None),
        ("a #darn", "found: darn"),
        ("STRASSE", "found: strasse"),
        ("ｄａｒｎ", "found: darn"),
        ("cafe\u0301", "found: café"),
        ("这是坏话吗", "found: 坏话"),
        ("Write it in c++, please", "found: c++"),
        ("# what must not be said", None),
        ("", None),
    ],
)
def test_phrases_are_found_as_whole_words(words: str, output: str, found: str | None) -> None:
    """Whatever their case, Unicode form and white space; the explanation has which."""
    score = load("word_list", file=words).score_batch([output])["word_list"].score(0)
    assert score.value == float(found is None)
    assert score.explanation == found


def test_parts_of_words_count_when_asked_for(words: str) -> None:
    """A phrase within a longer word."""
    metric = load("word_list", file=words, whole_words=False)
    assert metric.score_batch(["darned socks", None])["word_list"].values[0] == 0
    assert metric.score_batch([None])["word_list"].states == (ScoreState.ERRORED,)


def test_the_signature_is_that_of_the_phrases(words: str, tmp_path: Path) -> None:
    """Comments and the order of lines change nothing; another phrase does."""
    same, other = tmp_path / "same.txt", tmp_path / "other.txt"
    lines = [line for line in LIST.splitlines() if not line.startswith("#")]
    same.write_text("\ufeff" + "\n".join(reversed(lines)), encoding="utf-8")
    other.write_text(LIST + "dash\n", encoding="utf-8")
    mark = load("word_list", file=words).signature
    assert load("word_list", file=str(same)).signature == mark
    assert load("word_list", file=str(other)).signature != mark


def test_lists_that_hold_nothing_are_refused(tmp_path: Path) -> None:
    """A list of comments would pass everything."""
    empty, binary = tmp_path / "empty.txt", tmp_path / "binary.txt"
    empty.write_text("# nothing\n\n", encoding="utf-8")
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MetricError, match="holds no phrase"):
        load("word_list", file=str(empty))
    with pytest.raises(MetricError, match="cannot read the word list"):
        load("word_list", file=str(binary))
    with pytest.raises(MetricError, match=r"cannot read the word list 'nowhere\.txt'"):
        load("word_list", file="nowhere.txt")


@pytest.mark.parametrize(
    ("phrase", "output", "value"),
    [
        ("कल", "कला", 1.0),
        ("की", "कीमत", 1.0),
        ("की", "राम की बात", 0.0),
        ("ผี", "เขากลัวผีมาก", 0.0),
        ("လူ", "မြန်မာလူမျိုး", 0.0),
        ("1", "-1 or 1.5", 1.0),
    ],
)
def test_a_word_ends_with_its_marks(tmp_path: Path, phrase: str, output: str, value: float) -> None:
    """A vowel sign that follows makes another word; scripts without spaces have no edges."""
    file = tmp_path / "phrases.txt"
    file.write_text(phrase, encoding="utf-8")
    column = load("word_list", file=str(file)).score_batch([output])["word_list"]
    assert column.values.tolist() == [value]
