"""Turn the bundled papers, which are kept as text, into the PDFs that the demo reads.

A paper's text is light Markdown: ``# Title``, lines of authors and notes, then
``## Heading`` lines and paragraphs, all parted by blank lines.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from evalhub._optional import require
from evalhub.errors import ConfigError

if TYPE_CHECKING:
    from fpdf import FPDF

__all__ = ["render_pdf"]

_FONT = "times"
_MARGIN_MM = 25


def render_pdf(text: str, path: Path) -> None:
    """Write *text* as an A4 PDF to *path*, replacing what is there.

    The PDF's own fonts know Latin-1 only, so that no font file has to be shipped.

    Raises:
        ConfigError: *text* holds a character outside Latin-1.
        MissingExtraError: fpdf2 is not installed.
    """
    _check_characters(text, path)
    document = _new_document()
    for block in text.strip().split("\n\n"):
        _add_block(document, block)
    # Written beside and renamed: a reader never meets half a file.
    partial = path.with_suffix(".pdf.part")
    document.output(str(partial))
    partial.replace(path)


def _check_characters(text: str, path: Path) -> None:
    strange = next((character for character in text if ord(character) > 255), None)
    if strange is not None:
        raise ConfigError(
            f"{path.name}: cannot render {strange!r} (U+{ord(strange):04X}); "
            "use Latin-1 characters only"
        )


def _new_document() -> "FPDF":
    document: FPDF = require("fpdf", extra="local").FPDF(format="A4")
    document.set_margins(_MARGIN_MM, _MARGIN_MM)
    document.set_auto_page_break(True, _MARGIN_MM)
    document.add_page()
    return document


def _add_block(document: "FPDF", block: str) -> None:
    first, _, rest = block.partition("\n")
    if first.startswith("# "):
        _write(document, first[2:], size=17, style="B", gap=2)
        _write(document, rest, size=10, style="I", gap=4)
    elif first.startswith("## "):
        _write(document, first[3:], size=12, style="B", gap=1)
        _write(document, rest, size=11, gap=4)
    else:
        _write(document, block, size=11, gap=4)


def _write(document: "FPDF", text: str, *, size: int, gap: int, style: str = "") -> None:
    """Add *text* as one paragraph of *size* points and *gap* millimetres below."""
    document.set_font(_FONT, style=style, size=size)
    align = "L" if style else "J"
    document.multi_cell(0, size * 0.45, text, align=align, new_x="LMARGIN", new_y="NEXT")
    document.ln(gap)
