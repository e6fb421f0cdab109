"""An absent package names the extra that brings it."""

import re
import tomllib
from pathlib import Path

import pytest

from evalhub._optional import require
from evalhub.errors import MissingExtraError

ROOT = Path(__file__).resolve().parents[1]


def test_present_module_is_returned() -> None:
    """A module that is installed is handed over."""
    assert require("json", extra="all").dumps(1) == "1"


def test_absent_package_names_its_extra() -> None:
    """The message is the command that mends it, and the error is an ImportError."""
    with pytest.raises(MissingExtraError, match=r"pip install 'evalhub\[local\]'") as caught:
        require("no_such_package.inside", extra="local")
    assert isinstance(caught.value, ImportError)


def test_package_without_an_extra_is_installed_by_its_name() -> None:
    """What every user of the integration has anyway needs no extra of ours."""
    with pytest.raises(MissingExtraError, match=r"run: pip install no_such_package$"):
        require("no_such_package", extra=None)


def test_every_extra_that_is_named_is_one() -> None:
    """To pip an extra that there is not is a warning, and installs nothing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    rooms = ("evalhub", "metrics", "tracing", "dashboards")
    named = {
        extra
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        for extras in re.findall(
            r'(?:require\([^)]*extra="|evalhub\[)([a-z,]+)["\]]', path.read_text()
        )
        for extra in extras.split(",")
    }
    assert len(named) > 15
    assert named - set(project["optional-dependencies"]) == set()


def test_broken_package_is_not_called_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that fails on an import of its own shows that import."""
    (tmp_path / "broken_package.py").write_text("import something_it_needs\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="something_it_needs") as caught:
        require("broken_package", extra="local")
    assert not isinstance(caught.value, MissingExtraError)
