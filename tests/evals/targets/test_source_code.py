"""One version of a function is told from another by all of the project's files it is made of."""

import functools
import importlib
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evalhub.evals.targets.function import FunctionTarget
from evalhub.evals.targets.source_code import code_digest

FILES = {
    "shop/__init__.py": "",
    "shop/app.py": (
        "import json\nimport numpy\nfrom . import prompts\n\n"
        "def answer(q):\n    from shop.search.index import find\n    return find(q)\n\n"
        "class Agent:\n    def __call__(self, q):\n        return q\n\n"
        "agent = Agent()\n"
    ),
    "shop/prompts.py": "import settings\nTEXT = 'a'\n",
    "shop/search/__init__.py": "",
    "shop/search/index.py": "def find(q):\n    return q\n",
    "shop/unused.py": "X = 1\n",
    "settings.py": "DEBUG = False\n",
    "broken.py": "def (\n",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write a package, and forget it afterwards."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in ("shop", "settings")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("shop/app.py", True),
        ("shop/__init__.py", True),
        ("shop/prompts.py", True),
        ("shop/search/index.py", True),
        ("settings.py", True),
        ("shop/unused.py", False),
    ],
)
def test_a_change_in_what_is_imported_is_another_version(
    shop: Path, file: str, counts: bool
) -> None:
    """By name, relatively, within a function, through another file; not what nobody imports."""
    target = FunctionTarget("shop.app:answer")
    before = target.code
    assert target.code == before
    (shop / file).write_text(f"{FILES[file]}# changed\n")
    assert (target.code != before) == counts


@pytest.mark.parametrize(
    "wrap", [lambda app: app.agent, lambda app: functools.partial(app.answer, q=1)]
)
def test_objects_and_partial_functions_have_code_too(
    shop: Path, wrap: Callable[[Any], Callable[..., Any]]
) -> None:
    """The code is that of the class, or of the function within."""
    function = wrap(importlib.import_module("shop.app"))
    before = code_digest(function)
    assert before is not None
    (shop / "settings.py").write_text("DEBUG = True\n")
    assert code_digest(function) not in (None, before)


def test_what_was_loaded_before_plays_no_part(shop: Path) -> None:
    """Another process, which has run nothing yet, finds the same."""
    here = FunctionTarget("shop.app:answer")
    here({"q": "x"})  # loads what the function imports
    program = (
        "from evalhub.evals.targets.function import FunctionTarget\n"
        "print(FunctionTarget('shop.app:answer').code['code_sha256'])"
    )
    there = subprocess.run(
        [sys.executable, "-c", program], cwd=shop, capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == here.code["code_sha256"]


def test_a_builtin_has_no_code() -> None:
    """Nothing is said of what cannot be read."""
    assert code_digest(math.sqrt) is None
    assert FunctionTarget(math.sqrt).code == {}
