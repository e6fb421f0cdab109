"""A folder with a data set and functions to call, for suites."""

import json
import sys
from pathlib import Path

import pytest

FUNCTIONS = """\
def copy(text):
    return text

def first(text):
    return text.split()[0]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with ``data.jsonl``, and functions in the module ``suite_app``."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "suite_app.py").write_text(FUNCTIONS)
    rows = [
        {"id": n, "text": f"text {n} of the data", "right": f"text {n} of the data"}
        for n in range(8)
    ]
    (folder / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "suite_app", raising=False)
    return folder
