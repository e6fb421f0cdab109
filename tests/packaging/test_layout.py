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


def test_every_package_is_listed() -> None:
    """A package that setuptools is not told of would be left out of the wheel silently."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert settings["package-dir"] == MAPPED
    found = {"evalhub"}
    for package, folder in MAPPED.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            inside = init.parent.relative_to(ROOT / folder)
            if package == "evalhub" and inside.parts and f"evalhub.{inside.parts[0]}" in MAPPED:
                continue  # a symlink, for editors; mapped under its own name
            found.add(".".join([package, *inside.parts]))
    assert found == set(settings["packages"])
