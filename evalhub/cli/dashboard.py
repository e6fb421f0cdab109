"""``evalhub dashboard``: Streamlit, started with settings of our own.

Streamlit runs in a process of its own and is imported only there, so that
``evalhub dashboard --help`` stays quick.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from evalhub.cli.ports import require_free_port
from evalhub.config import load_settings
from evalhub.dashboards.theme import theme_options
from evalhub.errors import ConfigError, MissingExtraError

__all__ = ["command", "streamlit_arguments"]

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def command(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Open the dashboard: calls, traces and experiments.

    It reads what EVALHUB_HOME, EVALHUB_URL and MLFLOW_TRACKING_URI name, and runs
    until Ctrl-C. It has no login: keep it on this machine, or behind a proxy that has one.
    """
    _require_packages()
    load_settings()  # a bad setting ends here, in one line, and not on the page
    require_free_port(host, port)
    url = f"http://{host}:{port}"
    typer.echo(f"dashboard on {url} (Ctrl-C stops it)", err=True)
    if host not in _LOOPBACK:
        typer.echo(f"warning: anyone who can reach {url} can read every trace", err=True)
    _become([sys.executable, *streamlit_arguments(host=host, port=port, browser=browser)])


def streamlit_arguments(*, host: str, port: int, browser: bool) -> list[str]:
    """Return the arguments for Python that start the dashboard."""
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": str(not browser).lower(),
        "server.showEmailPrompt": "false",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "logger.level": "warning",
        **theme_options(),
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return ["-m", "streamlit", "run", str(_app_file()), *flags]


def _app_file() -> Path:
    spec = importlib.util.find_spec("evalhub.dashboards.app")
    if spec is None or spec.origin is None:
        raise ConfigError("evalhub.dashboards is missing from this installation; reinstall evalhub")
    return Path(spec.origin)


def _require_packages() -> None:
    for package in ("streamlit", "plotly"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(
                f"{package} is not installed; run: pip install 'evalhub[dashboard]'"
            )


def _become(arguments: list[str]) -> None:
    if sys.platform == "win32":
        # exec there leaves the console to the shell while the child still writes to it.
        raise typer.Exit(subprocess.call(arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(arguments[0], arguments)
