"""The wheel, installed alone into a clean environment, holds every room."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE_ROOMS = [
    "evalhub.cli.app",
    "evalhub.cli.db",
    "evalhub.cli.traces",
    "evalhub.cli.doctor",
    "evalhub.evals",
    "evalhub.experiments",
    "evalhub.llm",
    "evalhub.metrics",
    "evalhub.metrics.judge",
    "evalhub.metrics.semantic",
    "evalhub.metrics.text",
    "evalhub.migrations",
    "evalhub.model",
    "evalhub.recipes",
    "evalhub.server",
    "evalhub.store",
    "evalhub.tracing",
    "evalhub.tracing.exporters.http",
    "evalhub.tracing.wrappers",
    "evalhub.dashboards",
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution and, from it, the wheel; return their folder."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return out


@pytest.mark.slow
def test_sdist_holds_the_mapped_folders(built: Path) -> None:
    """What a distributor builds from has the rooms, the licence and no symlink doubles."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"LICENSE", "README.md", "metrics/base.py", "tracing/__init__.py"} <= names
    assert "evalhub/metrics/base.py" not in names


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_wheel_works_in_a_clean_environment(built: Path, tmp_path: Path, version: str) -> None:
    """The core alone imports every room, traces a call and lists it."""
    python = _interpreter(version)
    subprocess.run([python, "-m", "venv", str(tmp_path / "clean")], check=True)
    clean = tmp_path / "clean" / "bin"
    install = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--constraint"]
    wheel = next(built.glob("*.whl"))
    _run(clean / "python", [*install, str(ROOT / "constraints.txt"), str(wheel)], cwd=tmp_path)
    imports = "; ".join(f"import {room}" for room in CORE_ROOMS)
    _run(clean / "python", ["-c", imports], cwd=tmp_path)
    program = (
        "from evalhub import traceable\n"
        "@traceable\n"
        "def greet(name): return 'hello ' + name\n"
        "greet('world')\n"
    )
    _run(clean / "python", ["-c", program], cwd=tmp_path)
    listed = _run(clean / "evalhub", ["traces", "list", "--json"], cwd=tmp_path)
    assert '"name": "greet"' in listed


def _interpreter(version: str) -> str:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    versions = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    for folder in sorted(versions.glob(f"{version}.*")):
        return str(folder / "bin" / "python")
    found = shutil.which(f"python{version}")
    if found is None:
        pytest.skip(f"python{version} is not on this machine")
    return found


def _run(program: Path, arguments: list[str], *, cwd: Path) -> str:
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(program), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
