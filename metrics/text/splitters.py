"""What splits a text into tokens.

``rouge_score`` keeps runs of a-z and 0-9 of the lower-cased text, as the package of that name
and the Perl script do; every other script vanishes under it. ``unicode`` keeps runs of letters
and digits of any script with their marks, and makes a token of each character of the scripts
that part no words: Chinese, Japanese, Korean (by syllable), Thai, Lao, Khmer and Burmese.
``jieba`` finds Chinese words. ``auto`` takes ``unicode`` where the output or a reference has words
of another script than Latin, else ``rouge_score``: that would compare a Russian text by its
numbers and its English names alone.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Literal, get_args

from evalhub._optional import require
from evalhub.errors import MetricInputError
from evalhub.metrics.text.plugged import find_function, function_label, function_name
from evalhub.metrics.text.scripts import CJK, VOWEL_SIGNS, mark_ranges, spaceless_ranges
from evalhub.metrics.text.tokenize import Splitter

__all__ = [
    "Tokenizer",
    "TokenizerName",
    "find_splitter",
    "has_other_script",
    "row_splitters",
    "split_unicode",
    "tokenizer_label",
]

TokenizerName = Literal["auto", "jieba", "rouge_score", "unicode"]
Tokenizer = str | Callable[[str], Sequence[str]]
"""A :data:`TokenizerName`, ``package.module:function``, or a function from text to tokens."""

_WIDE = "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
"""Digits and Latin letters as wide as Chinese characters."""
_PARTED = (
    "\u0370-\u1cff\u1f00-\u1fff\u2c00-\u2c5f\u2c80-\u2ddf\ua000-\ua6ff\ua800-\uab2f\uab70-\uabff"
    "\ufb13-\ufdff\ufe70-\ufefc\U00010000-\U0001cfff\U0001e000-\U0001efff"
)
"""Blocks of the scripts beside Latin, most of which part words by spaces."""
_HALF_KANA = re.compile("[\uff66-\uff9f]+")
_IGNORED = dict.fromkeys((0x00AD, 0x200C, 0x200D, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
"""Soft hyphen, joiners, variation selectors: they change how a word looks, not which it is."""
_SHOWN_ALIKE: Mapping[int, int | None] = {
    **_IGNORED,
    **{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)},
}
"""What is ignored, and wide forms of ASCII by the usual ones."""


def tokenizer_label(tokenizer: Tokenizer) -> str:
    """Return what a signature says of *tokenizer*: its name, and a package's version.

    Of ``auto`` it says what is used for which script, of a function the hash of its source.
    """
    if tokenizer == "auto":
        return "auto(latin=rouge_score,other=unicode)"
    if tokenizer == "jieba":
        return f"jieba-{version('jieba')}"
    is_named = isinstance(tokenizer, str) and ":" not in tokenizer
    return str(tokenizer) if is_named else function_label(tokenizer)


def row_splitters(
    outputs: Sequence[str], references: Sequence[Sequence[str]], tokenizer: Tokenizer
) -> list[Splitter | None]:
    """Return what splits each output and its references; None is ``rouge_score``."""
    if tokenizer != "auto":
        return [find_splitter(tokenizer)] * len(outputs)
    rows = zip(outputs, references, strict=True)
    return [
        split_unicode if any(map(has_other_script, [output, *row])) else None
        for output, row in rows
    ]


def find_splitter(tokenizer: Tokenizer) -> Splitter | None:
    """Return what splits a text into tokens; None is ``rouge_score``, and stands for ``auto``.

    Raises:
        MetricError: there is no such tokenizer.
        MissingExtraError: jieba is asked for and not installed.
    """
    match tokenizer:
        case "auto" | "rouge_score":
            return None
        case "unicode":
            return split_unicode
        case "jieba":
            return _jieba()
    return _checked(find_function("tokenizer", tokenizer, get_args(TokenizerName)))


def has_other_script(text: str) -> bool:
    """Tell whether *text* has words of another script than Latin.

    Where words are not parted by spaces a character is enough, elsewhere two together: a
    single letter is as likely a symbol (the alpha of English papers).
    """
    return not text.isascii() and _other_script().search(text) is not None


@cache
def _other_script() -> re.Pattern[str]:
    return re.compile(f"[{CJK}{_WIDE}{spaceless_ranges()}]|(?=[^\\W\\d_])[{_PARTED}][{_PARTED}]")


def split_unicode(text: str) -> list[str]:
    """Return the words of *text* in any script, lower-cased and composed (NFC).

    Wide and half-wide forms are as the usual ones. In scripts that part no words each
    character, with its marks, is one.
    """
    lowered = text.lower()
    if not lowered.isascii():
        shown = _HALF_KANA.sub(_usual_kana, lowered.translate(_SHOWN_ALIKE))
        lowered = unicodedata.normalize("NFC", shown)
    return _word().findall(lowered)


def _usual_kana(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


@cache
def _word() -> re.Pattern[str]:
    marks, spaceless = mark_ranges(), spaceless_ranges()
    alone = f"[{CJK}{spaceless}]"
    letters = rf"[^\W_{CJK}{spaceless}{VOWEL_SIGNS}]"
    return re.compile(f"{alone}[{marks}]*|{letters}+(?:[{marks}]+{letters}*)*")


def _jieba() -> Splitter:
    jieba = require("jieba", extra="jieba")
    jieba.setLogLevel(logging.INFO)  # or it tells stderr how it loads its dictionary

    def split(text: str) -> list[str]:
        words: list[str] = jieba.lcut(text.lower())
        return [word for word in words if any(map(str.isalnum, word))]

    return split


def _checked(split: Splitter) -> Splitter:
    """Return *split*, whose tokens are checked, and hold no space that would part them."""

    def split_checked(text: str) -> list[str]:
        tokens = split(text)
        wrong = [token for token in tokens if not isinstance(token, str)]
        if wrong or isinstance(tokens, str):
            given = wrong[0] if wrong else tokens
            raise MetricInputError(
                f"the tokenizer {function_name(split)} gave {given!r}; give a list of texts"
            )
        return [token.replace(" ", "\u00a0") for token in tokens if not token.isspace()]

    return split_checked
