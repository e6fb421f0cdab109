"""Porter's stemmer (Porter, 1980, "An algorithm for suffix stripping").

Two dialects: the one of NLTK, which ``rouge_score`` uses, and the one Martin Porter
published with his corrections, which the Perl script ROUGE-1.5.5 holds. Equal to
``nltk.stem.PorterStemmer`` in both modes; NLTK itself is not used because importing it
takes 1.4 s and brings its whole package.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

__all__ = ["Dialect", "stem"]

Dialect = Literal["nltk", "martin"]

_Rules = Sequence[tuple[str, str]]

_IRREGULAR = {
    "sky": "sky",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}
"""NLTK's exceptions."""

# Of the suffixes that fit, the first one decides; the longer ones come first.
_STEP_1A: _Rules = (("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", ""))
_STEP_2: _Rules = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
)
_STEP_3: _Rules = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
)
_STEP_4: _Rules = (
    ("al", ""),
    ("ance", ""),
    ("ence", ""),
    ("er", ""),
    ("ic", ""),
    ("able", ""),
    ("ible", ""),
    ("ant", ""),
    ("ement", ""),
    ("ment", ""),
    ("ent", ""),
    ("ion", ""),
    ("ou", ""),
    ("ism", ""),
    ("ate", ""),
    ("iti", ""),
    ("ous", ""),
    ("ive", ""),
    ("ize", ""),
)
_VOWELS = frozenset("aeiou")


@lru_cache(maxsize=1 << 16)
def stem(word: str, dialect: Dialect = "nltk") -> str:
    """Return the stem of *word*, which is lower case; one or two letters stay as they are."""
    nltk = dialect == "nltk"
    if nltk and word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    word = _step_1b(_step_1a(word, nltk), nltk)
    word = _step_1c(word, nltk)
    word = _step_2(word, nltk)
    word = _replace(word, _STEP_3, above=0)
    word = _step_4(word)
    return _step_5(word, nltk)


def _shape(word: str) -> str:
    """Return ``c`` or ``v`` for each letter; y is a vowel after a consonant."""
    shape = ""
    for letter in word:
        after_consonant = shape.endswith("c")
        is_vowel = letter in _VOWELS or (letter == "y" and after_consonant)
        shape += "v" if is_vowel else "c"
    return shape


def _measure(word: str) -> int:
    """Return m in Porter's form [C](VC)^m[V]."""
    return _shape(word).count("vc")


def _ends_short(word: str, nltk: bool) -> bool:
    shape = _shape(word)
    if shape.endswith("cvc") and word[-1] not in "wxy":
        return True
    return nltk and shape == "vc"


def _ends_double_consonant(word: str) -> bool:
    return len(word) >= 2 and word[-1] == word[-2] and _shape(word).endswith("c")


def _replace(word: str, rules: _Rules, *, above: int) -> str:
    """Apply the first rule that fits, if what it leaves has a measure over *above*."""
    for suffix, replacement in rules:
        if word.endswith(suffix):
            rest = word.removesuffix(suffix)
            return rest + replacement if _measure(rest) > above else word
    return word


def _step_1a(word: str, nltk: bool) -> str:
    if nltk and len(word) == 4 and word.endswith("ies"):
        return word[:-1]
    for suffix, replacement in _STEP_1A:
        if word.endswith(suffix):
            return word.removesuffix(suffix) + replacement
    return word


def _step_1b(word: str, nltk: bool) -> str:
    if nltk and word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        rest = word.removesuffix(suffix)
        if rest != word and "v" in _shape(rest):
            return _tidy(rest, nltk)
    return word


def _tidy(word: str, nltk: bool) -> str:
    """Mend a word that lost its -ed or -ing."""
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if _ends_double_consonant(word):
        return word if word[-1] in "lsz" else word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_short(word, nltk) else word


def _step_1c(word: str, nltk: bool) -> str:
    if not word.endswith("y"):
        return word
    shape = _shape(word[:-1])
    turns = (len(shape) > 1 and shape.endswith("c")) if nltk else "v" in shape
    return word[:-1] + "i" if turns else word


def _step_2(word: str, nltk: bool) -> str:
    if nltk and word.endswith("alli") and _measure(word[:-4]) > 0:
        return _step_2(word[:-2], nltk)
    if nltk and word.endswith("fulli"):
        return word[:-2] if _measure(word[:-5]) > 0 else word
    if word.endswith("logi"):
        # NLTK counts the l as part of what is left, so that "geologi" is shortened.
        rest = word[:-3] if nltk else word[:-4]
        return word[:-1] if _measure(rest) > 0 else word
    return _replace(word, _STEP_2, above=0)


def _step_4(word: str) -> str:
    if word.endswith("ion") and not word.endswith(("sion", "tion")):
        return word
    return _replace(word, _STEP_4, above=1)


def _step_5(word: str, nltk: bool) -> str:
    if word.endswith("e"):
        rest = word[:-1]
        measure = _measure(rest)
        if measure > 1 or (measure == 1 and not _ends_short(rest, nltk)):
            word = rest
    if word.endswith("ll") and _measure(word[:-1]) > 1:
        return word[:-1]
    return word
