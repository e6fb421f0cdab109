"""The page docs/datasets.md is true."""

import re
from pathlib import Path

import pytest
import yaml

from evalhub.cli.app import build
from evalhub.evals.datasets.slices import SliceSpec
from evalhub.evals.datasets.spec import DatasetSpec

PAGE = Path(__file__).parents[3] / "docs/datasets.md"


def blocks(language: str) -> list[str]:
    """Return the page's examples in *language*."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_python_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Each example runs, and the comments are its output."""
    for source in blocks("python"):
        exec(compile(source, str(PAGE), "exec"), {"__name__": "page"})  # noqa: S102 - our own page
        printed = capsys.readouterr().out.splitlines()
        told = re.findall(r"^print\(.*\)  # (.*)$", source, re.MULTILINE)
        assert printed == told != []


def test_the_yaml_is_read() -> None:
    """Each data set and each slice is a right one, and each key is in a table of the page."""
    found = [yaml.safe_load(source) for source in blocks("yaml")]
    specs = [DatasetSpec.model_validate(page["dataset"]) for page in found if "dataset" in page]
    slices = [SliceSpec.model_validate(one) for page in found for one in page.get("slices", ())]
    assert (len(specs), len(slices)) == (3, 2)
    text = PAGE.read_text(encoding="utf-8")
    for key in DatasetSpec.model_fields:
        assert f"`{key}`" in text, key


def test_the_commands_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command and option of the page is in its help."""
    console = "\n".join(blocks("console"))
    commands = re.findall(r"^\$ evalhub (.*(?:\\\n.*)?)$", console, re.MULTILINE)
    assert len(commands) == 7
    for command in commands:
        arguments = [*command.split()[:2], "--help"]
        build(arguments)(arguments, standalone_mode=False)
        shown = capsys.readouterr().out
        for option in re.findall(r"--[a-z-]+", command):
            assert option in shown, command
