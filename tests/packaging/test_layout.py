"""The folders at the top are mapped into the evalhub namespace, none forgotten."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAPPED = {
    "evalhub": "evalhub",
    "evalhub.dashboards": "dashboards",
    "evalhub.metrics": "metrics",
    "evalhub.migrations": "migrations",
    "evalhub.tracing": "tracing",
}


SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def package_folders() -> dict[str, Path]:
    """Return the folder of each package that the tree holds."""
    found = {"evalhub": ROOT / "evalhub"}
    for package, folder in MAPPED.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            inside = init.parent.relative_to(ROOT / folder)
            if package == "evalhub" and inside.parts and f"evalhub.{inside.parts[0]}" in MAPPED:
                continue  # a symlink, for editors; mapped under its own name
            found[".".join([package, *inside.parts])] = init.parent
    return found


def test_every_package_is_listed() -> None:
    """A package that setuptools is not told of would be left out of the wheel silently."""
    assert SETTINGS["package-dir"] == MAPPED
    assert set(package_folders()) == set(SETTINGS["packages"])


def test_every_data_file_is_listed() -> None:
    """So would a price table, a prompt or a font."""
    folders = package_folders()
    listed = {
        path
        for package, patterns in SETTINGS["package-data"].items()
        for pattern in patterns
        for path in folders[package].glob(pattern)
    }
    doubles = {ROOT / "evalhub" / folder for folder in MAPPED.values()}  # links, or their text
    beside = {
        path
        for folder in MAPPED.values()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".py"
    }
    assert beside - doubles == listed
