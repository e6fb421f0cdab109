"""Characters by how their script is written, as ranges for regular expressions.

Python's ``re`` knows no scripts and no categories, and takes no combining mark for a part of a
word: for it ``कला`` ends behind its second letter.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

__all__ = ["CJK", "VOWEL_SIGNS", "mark_ranges", "spaceless_ranges", "standing_alone"]

CJK = (
    "\u1100-\u11ff\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3131-\u318e"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7fb\uf900-\ufaff\uff66-\uffdc"
    "\U0001b000-\U0001b16f\U00020000-\U000323af"
)
"""Letters and syllables of Chinese, Japanese and Korean."""
VOWEL_SIGNS = "\u0e33\u0eb3"
"""Thai and Lao am: letters for Unicode, part of the character before (UAX 29)."""
_SPACELESS = (*range(0x0E00, 0x0F00), *range(0x1000, 0x10A0), *range(0x1780, 0x1800))
"""Thai and Lao, Burmese, Khmer."""
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb\uffa0-\uffdc]")


@cache
def mark_ranges() -> str:
    """Return the combining marks of all scripts, the two vowel signs among them."""
    # All marks lie below U+20000, but for the variation selectors.
    return _ranges(i for i in range(0x20000) if _is_mark(chr(i)))


@cache
def spaceless_ranges() -> str:
    """Return the letters of Thai, Lao, Burmese and Khmer, which write no space between words."""
    return _ranges(i for i in _SPACELESS if chr(i).isalpha() and chr(i) not in VOWEL_SIGNS)


def standing_alone(phrase: str) -> str:
    """Return the regular expression of *phrase* where it stands alone.

    No letter, digit or mark touches it. Where words are not parted by spaces (Chinese,
    Japanese, Thai, Lao, Khmer, Burmese), letters may. A number is no part of a longer one:
    1 is not in -1, 1.5 or 10.
    """
    last = next((c for c in reversed(phrase) if not _is_mark(c)), phrase[-1])
    before, after = r"(?<!\w)", rf"(?![\w{mark_ranges()}])"
    if phrase[0].isdigit():
        before = r"(?<!\w)(?<![-+\u2212])(?<!\d[.,])"
    elif not _has_edge(phrase[0]):
        before = ""
    if last.isdigit():
        after += r"(?![.,]\d)"
    elif not _has_edge(last):
        after = f"(?![{mark_ranges()}])" if last.isalnum() else ""
    return f"{before}{re.escape(phrase)}{after}"


def _has_edge(character: str) -> bool:
    spaceless = re.match(f"[{CJK}{spaceless_ranges()}]", character) is not None
    return character.isalnum() and (not spaceless or _HANGUL.match(character) is not None)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in VOWEL_SIGNS


def _ranges(codes: Iterable[int]) -> str:
    """Return increasing *codes* as the inside of a character class."""
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)
