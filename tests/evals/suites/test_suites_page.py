"""The page on suites says what is so."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from evalhub.evals.suites.schema import suite_schema
from evalhub.evals.suites.suite import SuiteSpec

PAGE = (Path(__file__).parents[3] / "docs" / "suites.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the page's blocks in *language*."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_piece_of_a_suite_is_valid(text: str) -> None:
    """The keys are spelt as the schema has them; a piece is the rest of an included file."""
    value: dict[str, Any] = yaml.safe_load(text) or {}
    if "name" not in value:
        value = {"include": "common.yaml", **value}
    jsonschema.Draft202012Validator(suite_schema()).validate(value)


def test_every_key_stands_in_the_table() -> None:
    """A key that is not described is not found."""
    table = PAGE.partition("## Keys")[2].partition("\n## ")[0]
    assert {name for name in SuiteSpec.model_fields if f"`{name}`" not in table} == set()


@pytest.mark.slow
def test_the_example_in_python_runs(tmp_path: Path) -> None:
    """It prints what its comment says."""
    (code,) = blocks("python")
    (tmp_path / "example.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.stdout.strip() == "pass", done.stderr
