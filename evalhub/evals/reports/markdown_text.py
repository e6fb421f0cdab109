"""GitHub's Markdown, made from texts that anybody may have written.

A text can make no table, link, mention, tag or formula: it is shown as it is, on one line.
"""

import html
import re
from collections.abc import Iterable, Sequence

__all__ = ["code", "escaped", "fold", "quote", "table", "within"]

_TEXT_LENGTH = 300
_SPECIAL = re.compile(r"([\\`*_{}\[\]~|$])")
_ACTIVE = re.compile(r"@|#|\b(?:www|https?|ftp|mailto|xmpp|GH)(?=[.:-])", re.IGNORECASE)
"""What GitHub makes a mention, a reference or a link of, whatever it stands in."""
_JOINER = "\u2060"


def escaped(text: str) -> str:
    """Return *text* as Markdown that shows it, on one line."""
    return _SPECIAL.sub(r"\\\1", _as_html(text))


def quote(text: str, most: int = _TEXT_LENGTH) -> str:
    """Return the first *most* characters of *text*, escaped."""
    line = " ".join(text.split())
    return escaped(line if len(line) <= most else f"{line[:most]} …")


def code(text: str) -> str:
    """Return an id as code; one that would end the code, or the cell, as a plain text."""
    return escaped(text) if not text or {"`", "|", "\n"} & {*text} else f"`{text}`"


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Iterable[int] = ()
) -> str:
    """Return a table of cells that are escaped already; empty when there is no row."""
    if not rows:
        return ""
    right = set(numeric)
    rule = ["---:" if place in right else "---" for place in range(len(head))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *rows))


def fold(title: str, content: str) -> str:
    """Return *content* under a plain *title* that opens it; empty when there is none."""
    if not content:
        return ""
    # The line of the tag is HTML to GitHub: a backslash in it would be seen. What it folds is
    # Markdown again only after an empty line.
    return f"<details><summary>{_as_html(title)}</summary>\n\n{content}\n</details>\n"


def within(text: str, most: int) -> str:
    """Cut *text* at a line where it has more than *most* characters, and say so."""
    if len(text) <= most:
        return text
    kept = text[:most].rpartition("\n")[0]
    unclosed = kept.count("<details>") - kept.count("</details>")
    return f"{kept}\n{'</details>' * unclosed}\n\n> Cut here; the HTML report has the rest.\n"


def _as_html(text: str) -> str:
    line = html.escape(" ".join(text.split()), quote=False)
    return _ACTIVE.sub(lambda found: f"{found[0]}{_JOINER}", line)
