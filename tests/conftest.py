"""Fixtures of all tests: a home of their own, the local models, the embedded LLM."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalhub.config import load_settings
from evalhub.llm.local import LocalServer
from evalhub.llm.models import pull
from evalhub.tracing.testing import reset

FOREIGN = (
    "ANTHROPIC_",
    "EVALHUB_",
    "LANGCHAIN_",
    "LANGSMITH_",
    "MLFLOW_",
    "OPENAI_",
    "OTEL_",
    "WANDB_",
)

# A shell that starts the tests in the background has SIGINT ignored, which every program
# they start would inherit; with a handler here, those begin with the default again.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def local_models() -> Path:
    """Return the folder that holds both local models, fetched when they are absent.

    It is the folder that ``evalhub models pull`` fills, so that a demo before the
    tests saves the download, and the tests before a demo as well.
    """
    for name in ("smollm2", "minilm"):
        pull(name)
    return load_settings().models


@pytest.fixture(scope="session")
def local_llm(local_models: Path) -> Iterator[str]:
    """Serve the embedded model and return its base URL."""
    with LocalServer() as server:
        yield server.base_url


@pytest.fixture(autouse=True)
def evalhub_home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Give each test an empty home and an environment that names nothing else."""
    needs_models = request.node.get_closest_marker("model") is not None
    models = request.getfixturevalue("local_models") if needs_models else None
    for name in _foreign():
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    if models is not None:
        (home / "models").symlink_to(models)
    monkeypatch.setenv("EVALHUB_HOME", str(home))
    reset()
    yield home
    reset()  # the tracer in force would go on writing to this test's home
    for name in _foreign():  # MLflow sets variables itself, which fixtures of modules would inherit
        del os.environ[name]


def _foreign() -> list[str]:
    return [name for name in os.environ if name.startswith(FOREIGN)]
