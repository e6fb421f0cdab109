"""What the page on targets shows is true."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from evalhub.evals.suites.spec import Spec
from evalhub.evals.suites.spec_targets import (
    ColumnSpec,
    CommandSpec,
    FunctionSpec,
    HttpSpec,
    HuggingFaceSpec,
    OutputsSpec,
    PromptSpec,
    TracesTargetSpec,
)
from evalhub.evals.suites.suite import load_suite

PAGE = Path(__file__).parents[3] / "docs" / "targets.md"
KINDS: dict[str, type[Spec]] = {
    "app": FunctionSpec,
    "base": HuggingFaceSpec,
    "by-input": TracesTargetSpec,
    "claude": PromptSpec,
    "curated": ColumnSpec,
    "jinja": PromptSpec,
    "own": PromptSpec,
    "piped": CommandSpec,
    "plain": PromptSpec,
    "production": TracesTargetSpec,
    "rich": CommandSpec,
    "script": CommandSpec,
    "service": HttpSpec,
    "tuned": HuggingFaceSpec,
    "yesterday": OutputsSpec,
}


def blocks(language: str) -> list[str]:
    """Return the page's examples in *language*."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_every_target_on_the_page_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example is right as part of a suite, and is of the kind that the page says."""
    monkeypatch.setenv("SERVICE_TOKEN", "t")
    found: dict[str, type] = {}
    for number, block in enumerate(blocks("yaml")):
        path = tmp_path / f"{number}.yaml"
        path.write_text(f"name: s\ndataset: {{path: d.jsonl, inputs: [text]}}\n{block}")
        found |= {name: type(spec) for name, spec in load_suite(path).spec.targets.items()}
    assert found == KINDS


def test_the_example_in_python_runs() -> None:
    """It prints the mean of a right answer."""
    (example,) = blocks("python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, str(PAGE), "exec"), {})  # noqa: S102 - our own page
    assert printed.getvalue() == "1.0\n"


def test_every_key_of_a_target_is_on_the_page() -> None:
    """A key that nobody can find is none."""
    page = PAGE.read_text(encoding="utf-8")
    keys = {key for kind in KINDS.values() for key in kind.model_fields}
    assert sorted(key for key in keys if f"`{key}" not in page and f"{key}:" not in page) == []
