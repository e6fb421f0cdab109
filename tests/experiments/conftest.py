"""An experiment, and a real MLflow server, for the tests of trackers."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from evalhub.model import (
    Direction,
    ExampleResult,
    Experiment,
    MetricSummary,
    Score,
    ScoreState,
    Usage,
)


@dataclass(frozen=True, slots=True)
class MlflowServer:
    """A real MLflow server on loopback."""

    url: str
    stop: Callable[[], None]


@pytest.fixture
def experiment() -> Experiment:
    """Return an experiment of four examples in two slices, one of which failed."""
    return Experiment(
        name="candidate-20261122-010203",
        suite="summaries",
        target="candidate",
        dataset_name="papers",
        dataset_version="c0ffee" * 10 + "beef",
        results=tuple(_result(number) for number in range(4)),
        summaries=(
            MetricSummary("rouge1", "rouge1|v:1", 3, 0.5, 0.1, 0.4, 0.6, errored=1),
            MetricSummary(
                "latency_ms",
                "latency_ms|v:1",
                4,
                2.0,
                None,
                None,
                None,
                bounds=(0.0, float("inf")),
                better=Direction.LOWER,
            ),
        ),
        params={"model": "local", "max_tokens": "200"},
        start_ns=1_700_000_000_123_456_789,
        end_ns=1_700_000_001_123_456_789,
    )


def _result(number: int) -> ExampleResult:
    failed = number == 3
    value = None if failed else 0.25 * (number + 1)
    state = ScoreState.ERRORED if failed else ScoreState.SCORED
    return ExampleResult(
        example_id=f"e{number}",
        output=None if failed else f"output {number} Ärger 🙂",
        error="ValueError: no" if failed else None,
        trace_id=f"{number:032x}",
        latency_ms=0.1 * number,
        usage=Usage(7, 2, cache_read_tokens=1),
        cost_usd=1e-7,
        scores=(Score("rouge1", value, "rouge1|v:1", state, explanation="because"),),
        inputs={"text": "x", "deep": {"list": [1, None, 2.5]}},
        references=("r", "s"),
        slices={"language": "de" if number % 2 else "en"},
        finish_reason=(None, "stop", "length", None)[number],
    )


@pytest.fixture(scope="module")
def sqlite_mlflow(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URI of one SQLite MLflow for a file of tests: making one takes 4 s."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MlflowServer]:
    """Run a real MLflow server on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
            *("--port", str(port), "--workers", "1"),
            *("--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}"),
            *("--artifacts-destination", str(tmp_path / "served")),
        ],
        env=os.environ
        | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def stop() -> None:
        process.terminate()
        process.wait(30)

    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "the MLflow server ended"
                time.sleep(0.1)
        yield MlflowServer(url, stop)
    finally:
        stop()
