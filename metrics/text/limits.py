"""Cut texts to a length, as ROUGE-1.5.5.pl does with ``-l`` and ``-b``."""

__all__ = ["first_bytes", "first_words", "lines_of_first_bytes"]


def first_words(text: str, most: int, *, count_indents: bool = False) -> str:
    """Return the first *most* words, on their lines; ASCII white space parts words (``-l``).

    With *count_indents*, white space before a line counts as one word, as in the script.
    """
    lines: list[bytes] = []
    for line in _lines(text):
        words = line.split()
        if count_indents and words and line[:1].isspace():
            words.insert(0, b"")
        lines.append(b" ".join(words[:most]))
        most -= min(most, len(words))
    return _text(lines)


def first_bytes(text: str, most: int) -> str:
    """Return the first *most* bytes of UTF-8 (``-b``).

    The ends of lines do not count. A character that is cut in two is dropped.
    """
    lines: list[bytes] = []
    for line in _lines(text):
        lines.append(line[:most])
        most -= len(lines[-1])
    return _text(lines)


def lines_of_first_bytes(text: str, most: int) -> str:
    """Return the lines that the script compares for ROUGE-L and ROUGE-W under ``-b``.

    It measures each line for itself: all lines up to the first one that has *most* bytes or
    more, which is cut there. So they may hold more than :func:`first_bytes` leaves.
    """
    lines: list[bytes] = []
    for line in _lines(text):
        lines.append(line[:most])
        if len(line) >= most:
            break
    return _text(lines)


def _lines(text: str) -> list[bytes]:
    return text.encode("utf-8", "replace").split(b"\n")


def _text(lines: list[bytes]) -> str:
    return b"\n".join(lines).decode("utf-8", "ignore")
