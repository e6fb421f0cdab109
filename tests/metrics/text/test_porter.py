"""Our Porter stemmer against NLTK's."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer

from evalhub.metrics.text.porter import Dialect, stem

MODES = {"nltk": PorterStemmer.NLTK_EXTENSIONS, "martin": PorterStemmer.MARTIN_EXTENSIONS}
SUFFIXES = [
    "s",
    "es",
    "ies",
    "sses",
    "eed",
    "ed",
    "ied",
    "ing",
    "y",
    "ational",
    "tional",
    "enci",
    "anci",
    "izer",
    "bli",
    "abli",
    "alli",
    "entli",
    "eli",
    "ousli",
    "ization",
    "ation",
    "ator",
    "alism",
    "iveness",
    "fulness",
    "ousness",
    "aliti",
    "iviti",
    "biliti",
    "fulli",
    "logi",
    "icate",
    "ative",
    "alize",
    "iciti",
    "ical",
    "ful",
    "ness",
    "al",
    "ance",
    "ence",
    "er",
    "ic",
    "able",
    "ible",
    "ant",
    "ement",
    "ment",
    "ent",
    "ion",
    "sion",
    "tion",
    "ou",
    "ism",
    "ate",
    "iti",
    "ous",
    "ive",
    "ize",
    "e",
    "ll",
    "at",
    "bl",
    "iz",
]

_stems = st.text(alphabet="aeiouybcdlstwxz1", max_size=6)
_words = st.tuples(_stems, st.sampled_from(SUFFIXES), st.sampled_from(["", *SUFFIXES])).map("".join)


@pytest.mark.parametrize("dialect", get_args(Dialect))
@settings(deadline=None, max_examples=1_000)
@given(word=_words)
def test_stems_are_those_of_nltk(dialect: Dialect, word: str) -> None:
    """Words of every suffix that a rule names have NLTK's stem, in both of its modes."""
    assert stem(word, dialect) == PorterStemmer(MODES[dialect]).stem(word)


@pytest.mark.parametrize(
    "word", ["sky", "skies", "dying", "news", "innings", "howe", "succeed", "enjoy", "dies", "died"]
)
def test_exceptions_are_those_of_nltk(word: str) -> None:
    """The table of irregular words is the whole of NLTK's."""
    assert stem(word) == PorterStemmer().stem(word)
