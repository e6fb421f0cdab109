"""What splits a text into tokens.

``rouge_score`` keeps runs of a-z and 0-9 of the lower-cased text, as the package of that name
and the Perl script do; every other script vanishes under it. ``unicode`` keeps runs of letters
and digits of any script with their marks, and makes a token of each character of the scripts
that part no words: Chinese, Japanese, Korean (by syllable), Thai, Lao, Khmer and Burmese.
``jieba`` finds Chinese words. ``auto`` takes ``unicode`` where a text or its references hold a
Chinese, Japanese or Korean character, else ``rouge_score``.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.metadata import version
from typing import Literal, get_args

from evalhub._optional import require
from evalhub.errors import MetricInputError
from evalhub.metrics.text.plugged import find_function, function_name
from evalhub.metrics.text.tokenize import Splitter

__all__ = [
    "Tokenizer",
    "TokenizerName",
    "find_splitter",
    "has_cjk",
    "row_splitters",
    "split_unicode",
    "tokenizer_label",
]

TokenizerName = Literal["auto", "jieba", "rouge_score", "unicode"]
Tokenizer = str | Callable[[str], Sequence[str]]
"""A :data:`TokenizerName`, ``package.module:function``, or a function from text to tokens."""

_CJK_RANGES = (
    "\u1100-\u11ff\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3131-\u318e"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7fb\uf900-\ufaff\uff66-\uffdc"
    "\U0001b000-\U0001b16f\U00020000-\U000323af"
)
_CJK = re.compile(f"[{_CJK_RANGES}]")
_WITHOUT_SPACES = (*range(0x0E00, 0x0F00), *range(0x1000, 0x10A0), *range(0x1780, 0x1800))
"""Thai and Lao, Burmese, Khmer."""
_VOWEL_SIGNS = "\u0e33\u0eb3"
"""Thai and Lao am: letters for Unicode, part of the character before (UAX 29)."""
_IGNORED = dict.fromkeys((0x00AD, 0x200C, 0x200D, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
"""Soft hyphen, joiners, variation selectors: they change how a word looks, not which it is."""


def tokenizer_label(tokenizer: Tokenizer) -> str:
    """Return what a signature says of *tokenizer*: its name, and a package's version."""
    if tokenizer == "jieba":
        return f"jieba-{version('jieba')}"
    return tokenizer if isinstance(tokenizer, str) else function_name(tokenizer)


def row_splitters(
    outputs: Sequence[str], references: Sequence[Sequence[str]], tokenizer: Tokenizer
) -> list[Splitter | None]:
    """Return what splits each output and its references; None is ``rouge_score``."""
    if tokenizer != "auto":
        return [find_splitter(tokenizer)] * len(outputs)
    rows = zip(outputs, references, strict=True)
    return [
        split_unicode if has_cjk(output) or any(map(has_cjk, row)) else None for output, row in rows
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


def has_cjk(text: str) -> bool:
    """Tell whether *text* holds a Chinese, Japanese or Korean character."""
    return not text.isascii() and _CJK.search(text) is not None


def split_unicode(text: str) -> list[str]:
    """Return the words of *text* in any script, lower-cased and composed (NFC).

    In scripts that part no words each character, with its marks, is one.
    """
    lowered = text.lower()
    if not lowered.isascii():
        lowered = unicodedata.normalize("NFC", lowered.translate(_IGNORED))
    return _word().findall(lowered)


@cache
def _word() -> re.Pattern[str]:
    # Python's re knows no categories. All marks lie below U+20000, but for the ignored ones.
    marks = _ranges(i for i in range(0x20000) if _is_mark(chr(i)))
    spaceless = _ranges(
        i for i in _WITHOUT_SPACES if chr(i).isalpha() and chr(i) not in _VOWEL_SIGNS
    )
    alone = f"[{_CJK_RANGES}{spaceless}]"
    letters = rf"[^\W_{_CJK_RANGES}{spaceless}{_VOWEL_SIGNS}]"
    return re.compile(f"{alone}[{marks}]*|{letters}+(?:[{marks}]+{letters}*)*")


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in _VOWEL_SIGNS


def _ranges(codes: Iterable[int]) -> str:
    """Return increasing *codes* as the inside of a character class."""
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)


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
