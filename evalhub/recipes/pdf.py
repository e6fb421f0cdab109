"""Read the text of a PDF as paragraphs, without the line breaks of the page.

A page knows lines only. Three marks of typesetting are undone: words hyphenated at a
line's end are joined, lines of a paragraph are joined by a space, and a line that
stops clearly short of the others ends its paragraph.
"""

import re
from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.errors import ConfigError

__all__ = ["extract_text", "join_lines"]

_SHORT_LINE = 0.8
"""A line shorter than this part of a full line ends its paragraph."""
_HYPHEN_MARKS = "\ufffe\u00ad\x02"
"""What PDFium gives for a hyphen it takes for hyphenation, by version and font."""


def extract_text(path: Path) -> str:
    """Return the text of the PDF at *path*, paragraphs parted by a blank line.

    Raises:
        ConfigError: the file is no readable PDF, or holds no text (a scan).
        MissingExtraError: pypdfium2 is not installed.
    """
    pdfium = require("pypdfium2", extra="local")
    try:
        with pdfium.PdfDocument(path) as document:
            lines = [line for page in document for line in _page_lines(page)]
    except (pdfium.PdfiumError, OSError) as error:
        raise ConfigError(f"cannot read {path} as a PDF: {error}") from error
    text = join_lines(lines)
    if not text:
        raise ConfigError(f"{path} holds no text; a scanned PDF needs OCR first")
    return text


def join_lines(lines: list[str]) -> str:
    """Return *lines* of a page joined to paragraphs, hyphenation undone."""
    full = max((len(line) for line in lines), default=0)
    paragraphs: list[str] = []
    current = ""
    for line in lines:
        current = _joined(current, line.strip(), lines)
        if len(line) < _SHORT_LINE * full and not line.endswith("-"):
            paragraphs.append(current)
            current = ""
    return "\n\n".join(part for part in [*paragraphs, current] if part)


def _page_lines(page: Any) -> list[str]:
    text: str = page.get_textpage().get_text_range()
    for mark in _HYPHEN_MARKS:
        text = text.replace(f"{mark}\r\n", "-\n").replace(f"{mark}\n", "-\n").replace(mark, "-")
    return text.splitlines()


def _joined(text: str, line: str, lines: list[str]) -> str:
    if not text or not line:
        return text or line
    broken = re.search(r"\w+-$", text)
    if broken is None:
        return f"{text} {line}"
    if _is_compound(broken.group() + line.split(maxsplit=1)[0], lines):
        return text + line
    return text[:-1] + line


def _is_compound(word: str, lines: list[str]) -> bool:
    """Say whether *word* is written with its hyphen: elsewhere too, or by its parts."""
    bare = word.rstrip(".,;:!?)")
    second = bare.rpartition("-")[2]
    return not second[:1].islower() or any(bare in line for line in lines)
