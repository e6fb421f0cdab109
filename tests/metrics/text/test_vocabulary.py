"""Numbers of words, against a dictionary and ``split``."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.metrics.text import vocabulary as module
from evalhub.metrics.text.vocabulary import Vocabulary, vocabulary

WORDS = st.lists(st.binary(min_size=1, max_size=40).map(lambda w: w.replace(b" ", b"_")))


def as_is(word: bytes) -> bytes:
    """Let every word count as itself."""
    return word


def numbers_of(known: Vocabulary, words: list[bytes]) -> list[int]:
    """Return the numbers that *known* gives to *words*."""
    numbers: list[int] = known.number(b" ".join(words))[0].tolist()
    return numbers


@given(texts=st.lists(WORDS, max_size=6))
def test_two_words_have_one_number_exactly_when_they_are_equal(texts: list[list[bytes]]) -> None:
    """Whatever their bytes and lengths are, and whichever call they came in."""
    known = Vocabulary(as_is)
    for words in texts:
        numbers = numbers_of(known, words)
        assert len(numbers) == len(words)
        assert all(0 < number < known.base for number in numbers)
        pairs = {*zip(words, numbers, strict=True)}
        assert len(pairs) == len(set(words)) == len(set(numbers))


@given(words=WORDS)
def test_starts_are_the_places_of_the_words(words: list[bytes]) -> None:
    """Each start is the first byte of its word, however many spaces there are."""
    text = b"  ".join(words) + b" "
    _, starts = Vocabulary(as_is).number(text)
    found = [text[start : start + len(w)] for start, w in zip(starts.tolist(), words, strict=True)]
    assert found == words


def test_a_word_and_the_same_with_zeros_behind_it_differ() -> None:
    """Reading words as numbers pads them with zeros; a word may end in one itself."""
    one, other, again = numbers_of(Vocabulary(as_is), [b"ab", b"ab\0", b"ab"])
    assert one == again != other


def test_words_of_one_stem_share_a_number_and_stop_words_have_none() -> None:
    """What *normalize* gives decides: equal stems, or -1 where it gives None."""

    def normalize(word: bytes) -> bytes | None:
        return None if word == b"the" else word.rstrip(b"s")

    assert numbers_of(Vocabulary(normalize), [b"cats", b"the", b"cat", b"dog"]) == [1, -1, 1, 2]


def test_words_of_one_slot_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all words fall into one slot of the table, the dictionary finds them."""
    monkeypatch.setattr(module, "_slot", lambda low, high: np.zeros(len(low), dtype=np.uint64))
    known = Vocabulary(as_is)
    words = [b"one", b"two", b"three", b"two", b"one"]
    assert numbers_of(known, words) == [1, 2, 3, 2, 1]
    assert numbers_of(known, words) == [1, 2, 3, 2, 1]


def test_a_full_vocabulary_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not grow for ever, and numbers of one call still tell words apart."""
    monkeypatch.setattr(module, "_MOST_WORDS", 100)
    known = Vocabulary(as_is)
    for block in range(5):
        words = [b"%d-%d" % (block, i) for i in range(300)]
        assert len(set(numbers_of(known, words))) == 300
    assert known.base <= 301


def test_long_words_do_not_stay_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do many of more bytes than the table holds, such as hashes, or few that are huge."""
    monkeypatch.setattr(module, "_MOST_WORDS", 100)
    known = Vocabulary(as_is)
    for block in range(5):
        numbers_of(known, [b"%032d-%d" % (i, block) for i in range(60)])
    assert known.base <= 121
    monkeypatch.setattr(module, "_MOST_BYTES", 10_000)
    for block in range(5):
        numbers_of(known, [b"%d" % block * 6_000])
    assert known.base <= 3


def test_each_thread_has_its_own() -> None:
    """Threads score at once without waiting for each other or mixing their words."""
    mine, theirs = vocabulary(as_is), []
    thread = threading.Thread(target=lambda: theirs.append(vocabulary(as_is)))
    thread.start()
    thread.join()
    assert vocabulary(as_is) is mine
    assert theirs[0] is not mine
