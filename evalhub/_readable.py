"""Texts of models, files and endpoints, with what cannot be seen made visible.

A terminal obeys escape sequences: they move the cursor, rename the window, fill the clipboard.
Characters that turn the writing direction make a text read as something that it is not
(Boucher and Anderson, Trojan Source, 2021).
"""

import re

__all__ = ["readable_text"]

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)
_PICTURES = 0x2400
"""Where Unicode has pictures of the first 32 control characters."""


def readable_text(text: str) -> str:
    """Return *text* with a mark in place of each character that is obeyed and not shown.

    Tabs and line ends stay, those of Windows as plain ones.
    """
    return _HIDDEN.sub(_mark, text.replace("\r\n", "\n"))


def _mark(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(_PICTURES + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"
