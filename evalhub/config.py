"""Settings, from ``EVALHUB_*`` variables and an ``evalhub.toml`` file.

A variable wins over the file, the file over the default. The file is
``evalhub.toml`` in the working folder, or the one named by ``EVALHUB_CONFIG``;
its keys are the names of the fields below.

Standard library only: the tracing SDK reads its settings here, inside other
people's programs.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evalhub.errors import ConfigError

__all__ = ["Settings", "load_settings"]

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_KEYS = ("home", "url", "project", "tracing", "mlflow_url")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are kept and whether calls are traced."""

    home: Path
    """Folder of everything evalhub keeps (``EVALHUB_HOME``, default ``~/.evalhub``)."""
    url: str
    """Where spans go (``EVALHUB_URL``, default an SQLite file in *home*)."""
    project: str
    """Project that spans belong to when the code names none (``EVALHUB_PROJECT``)."""
    tracing: bool
    """Whether ``traceable`` records anything (``EVALHUB_TRACING``, default true)."""
    mlflow_url: str
    """MLflow tracking URI (``MLFLOW_TRACKING_URI``, default an SQLite file in *home*)."""

    @property
    def models(self) -> Path:
        """Folder of the models that ``evalhub models pull`` fetched."""
        return self.home / "models"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in force now.

    Args:
        environ: Variables to read instead of ``os.environ``.

    Raises:
        ConfigError: a value, the file or one of its keys cannot be used.
    """
    env = os.environ if environ is None else environ
    file = _read_file(env)

    def value(key: str, variable: str) -> str | None:
        return env.get(variable) or file.get(key)

    home = _folder(value("home", "EVALHUB_HOME") or "~/.evalhub")
    return Settings(
        home=home,
        url=value("url", "EVALHUB_URL") or f"sqlite:///{home / 'evalhub.db'}",
        project=value("project", "EVALHUB_PROJECT") or "default",
        tracing=_boolean("EVALHUB_TRACING", value("tracing", "EVALHUB_TRACING") or "true"),
        mlflow_url=value("mlflow_url", "MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}",
    )


def _folder(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except (OSError, RuntimeError) as error:  # the working folder is gone; a user without a home
        raise ConfigError(
            f"cannot tell where the folder {text!r} is ({error}); "
            "set EVALHUB_HOME to an absolute path"
        ) from error


def _read_file(env: Mapping[str, str]) -> dict[str, str]:
    named = env.get("EVALHUB_CONFIG")
    path = Path(named or "evalhub.toml")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            raise ConfigError(f"EVALHUB_CONFIG names {named!r}, which does not exist") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    unknown = sorted(set(content) - set(_KEYS))
    if unknown:
        raise ConfigError(f"{path}: unknown key {unknown[0]!r}; known are {', '.join(_KEYS)}")
    return {key: _text(path, key, item) for key, item in content.items()}


def _text(path: Path, key: str, item: object) -> str:
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, str):
        return item
    raise ConfigError(f"{path}: {key} must be a string, not {item!r}")


def _boolean(name: str, text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ConfigError(f"{name} is {text!r}; use true or false")
