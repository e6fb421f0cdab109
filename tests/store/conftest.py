"""A store in the test's home or in PostgreSQL, and spans to put into it."""

import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from evalhub.model import Span
from evalhub.store import Store, open_store

PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
"""Where Debian's package puts initdb and pg_ctl."""


@pytest.fixture(scope="session")
def cluster() -> Iterator["Cluster"]:
    """Start a PostgreSQL server of the tests' own."""
    if PROGRAMS is None:
        assert "CI" not in os.environ, "PostgreSQL is not installed; run: tests/install-services"
        pytest.skip("PostgreSQL is not installed; run: tests/install-services")
    with tempfile.TemporaryDirectory(prefix="evalhub-postgresql-") as folder:
        cluster = Cluster(PROGRAMS, Path(folder))
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def postgresql(cluster: "Cluster") -> str:
    """Return the address of a PostgreSQL server that has a store to copy."""
    open_store(f"{cluster.url}/template1", upgrade=True).close()
    return cluster.url


class Cluster:
    """A PostgreSQL server in a folder; run by another user than root, which it refuses."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = folder / "cluster"
        folder.chmod(0o755)
        self._folder.mkdir()
        if self._user is not None:
            os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

        self._run("initdb", "-U", "evalhub", "--auth=trust", "--encoding=UTF8", "--no-sync")

    @property
    def url(self) -> str:
        """The server's address, without a database."""
        return f"postgresql://evalhub@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self._folder} -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-o", options, "-l", f"{self._folder}/log")

    def stop(self) -> None:
        """Stop it at once."""
        self._run("pg_ctl", "stop", "-m", "immediate")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._folder), *arguments]
        subprocess.run(
            command, user=self._user, cwd=self._folder, check=True, stdout=subprocess.DEVNULL
        )


def _copy_template(server: str) -> None:
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS test WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE test TEMPLATE template1"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Open the store that the settings name: an SQLite file, or an empty PostgreSQL database."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        monkeypatch.setenv("EVALHUB_URL", f"{server}/test")
        _copy_template(server)
    with open_store() as opened:
        yield opened


@pytest.fixture(scope="session")
def make_span() -> Callable[..., Span]:
    """Return a function that makes a root span of one second; keywords change it."""

    def make(span_id: str = "a", **changes: Any) -> Span:
        fields: dict[str, Any] = {
            "trace_id": "t",
            "parent_id": None,
            "project": "default",
            "name": "answer",
            "kind": "chain",
            "status": "ok",
            "start_ns": 1_790_000_000 * 10**9,
            "end_ns": 1_790_000_001 * 10**9,
        }
        return Span(span_id=span_id, **{**fields, **changes})

    return make
