"""How an MLflow is reached, and how its failures become one line."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.config import load_settings
from evalhub.errors import EvalhubError, TrackerUnavailableError
from evalhub.experiments.mlflow_failures import explained, is_local, reason_of, without_password

__all__ = ["MlflowConnection"]

_SILENCE = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}
"""By itself MLflow tries for a quarter of an hour; what is not taken is kept and sent later."""
_KNOCK_S = 10
_PORTS = {"mssql": 1433, "mysql": 3306, "postgresql": 5432}


class MlflowConnection:
    """One MLflow at a URL; connected at the first use."""

    def __init__(self, url: str | None = None) -> None:
        """Use the MLflow at *url*; None is ``MLFLOW_TRACKING_URI`` or the settings'."""
        self.url = url or load_settings().mlflow_url
        self._connected: Any = None

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return without_password(self.url)

    @property
    def is_server(self) -> bool:
        """Whether it is reached over HTTP."""
        return self.url.startswith(("http:", "https:"))

    @property
    def is_unborn(self) -> bool:
        """Whether the SQLite file is not there; making it takes MLflow 5 s."""
        path = self._sqlite_path
        return path is not None and not path.exists()

    @property
    def artifacts(self) -> str | None:
        """Where a new MLflow experiment's files go; None lets a server decide."""
        return None if self.is_server else (load_settings().home / "mlartifacts").as_uri()

    @contextmanager
    def talking(self) -> Iterator[Any]:
        """Give a client, and turn MLflow's failures into one line.

        Raises:
            MissingExtraError: MLflow is not installed.
            TrackerUnavailableError: a server does not answer, or answers that it cannot now.
            TrackerError: MLflow refused what it was asked.
        """
        mlflow = _import_mlflow()
        with _quiet():
            try:
                yield self._client(mlflow)
            except EvalhubError:
                raise
            except Exception as error:
                raise explained(error, self.url) from error

    @property
    def _sqlite_path(self) -> Path | None:
        prefix = "sqlite:///"
        return Path(self.url.removeprefix(prefix)) if self.url.startswith(prefix) else None

    def _client(self, mlflow: Any) -> Any:
        if self.is_server:
            self._knock(mlflow)
        if self._connected is None:
            self._prepare()
            self._connected = mlflow.MlflowClient(tracking_uri=self.url)
        return self._connected

    def _knock(self, mlflow: Any) -> None:
        """Ask a server whether it is there; MLflow's client would retry for long.

        By MLflow's own way to it: logins, certificates and proxies are then the same.
        """
        creds = mlflow.utils.credentials.get_default_host_creds(self.url)
        try:
            # That it answers is enough: what it thinks of this page does not matter.
            mlflow.utils.rest_utils.http_request(
                creds, "/health", "GET", max_retries=0, timeout=_KNOCK_S, raise_on_status=False
            )
        except mlflow.exceptions.MlflowException as error:
            raise self._silent("server", error) from error

    def _prepare(self) -> None:
        """Make the folder of a database file; look whether a database's server is there.

        MLflow would try that one for two minutes.
        """
        path = self._sqlite_path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        if self.is_server or is_local(self.url):
            return
        named = require("sqlalchemy.engine", extra="mlflow").make_url(self.url)
        port = named.port or _PORTS.get(named.get_backend_name())
        if named.host and port:
            try:
                socket.create_connection((named.host, port), _KNOCK_S).close()
            except OSError as error:
                raise self._silent("database", error) from error

    def _silent(self, what: str, error: Exception) -> TrackerUnavailableError:
        return TrackerUnavailableError(
            f"no MLflow {what} answers at {self.shown} ({reason_of(error)}); start it, or unset "
            "MLFLOW_TRACKING_URI to use a local file"
        )


def _import_mlflow() -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    return require("mlflow", extra="mlflow")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow from logging every table it makes, printing links, drawing bars, waiting long.

    MLflow reads these variables at each call; they are put back afterwards.
    """
    patience = {name: os.environ.get(name, value) for name, value in _PATIENCE.items()}
    wanted = _SILENCE | patience
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
