"""The page about privacy: its examples print what it says they print."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "privacy.md"


def test_examples_print_what_the_page_says() -> None:
    """Every example of docs/privacy.md runs, in order, and its comments are its output."""
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
    expected = re.findall(r"^print\(.*\)\s+# (.*)$", code, re.MULTILINE)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(PAGE), "exec"), {"__name__": "__main__"})  # noqa: S102 - our own page
    assert len(expected) == code.count("print(") == 8
    assert printed.getvalue().splitlines() == expected
