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
_KEYS = (
    *("home", "url", "project", "tracing", "durable", "mlflow_url"),
    *("mask", "hide_inputs", "hide_outputs", "hide_metadata"),
    *("sample_rate", "keep_errors", "keep_slower_than_s"),
)
_NUMBERS = frozenset({"sample_rate", "keep_slower_than_s"})


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
    durable: bool
    """Whether a span is on disk before its call returns (``EVALHUB_DURABLE``, default false)."""
    mlflow_url: str
    """MLflow tracking URI (``MLFLOW_TRACKING_URI``, default an SQLite file in *home*)."""
    mask: str
    """Ready sets of masking rules, ``true``: the usual ones (``EVALHUB_MASK``, default none)."""
    hide_inputs: bool
    """Whether inputs are left out (``EVALHUB_HIDE_INPUTS``, default false)."""
    hide_outputs: bool
    """Whether outputs are left out (``EVALHUB_HIDE_OUTPUTS``, default false)."""
    hide_metadata: bool
    """Whether metadata is left out (``EVALHUB_HIDE_METADATA``, default false)."""
    sample_rate: float
    """Share of the traces that are recorded, from 0 to 1 (``EVALHUB_SAMPLE_RATE``, default 1)."""
    keep_errors: bool
    """Whether the others are recorded too when a span failed (``EVALHUB_KEEP_ERRORS``)."""
    keep_slower_than_s: float | None
    """How long one must take to be recorded too (``EVALHUB_KEEP_SLOWER_THAN_S``)."""

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

    def switch(key: str, default: str = "false") -> bool:
        variable = f"EVALHUB_{key.upper()}"
        return _boolean(variable, value(key, variable) or default)

    def number(key: str) -> float | None:
        variable = f"EVALHUB_{key.upper()}"
        text = value(key, variable)
        return None if text is None else _number(variable, text)

    home = _folder(value("home", "EVALHUB_HOME") or "~/.evalhub")
    return Settings(
        home=home,
        url=value("url", "EVALHUB_URL") or f"sqlite:///{home / 'evalhub.db'}",
        project=value("project", "EVALHUB_PROJECT") or "default",
        tracing=switch("tracing", "true"),
        durable=switch("durable"),
        mlflow_url=value("mlflow_url", "MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}",
        mask=value("mask", "EVALHUB_MASK") or "",
        hide_inputs=switch("hide_inputs"),
        hide_outputs=switch("hide_outputs"),
        hide_metadata=switch("hide_metadata"),
        sample_rate=1.0 if (rate := number("sample_rate")) is None else rate,
        keep_errors=switch("keep_errors"),
        keep_slower_than_s=number("keep_slower_than_s"),
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
    if isinstance(item, int | float) and key in _NUMBERS:
        return str(item)
    raise ConfigError(f"{path}: {key} must be a string, not {item!r}")


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{name} is {text!r}; use a number") from None


def _boolean(name: str, text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ConfigError(f"{name} is {text!r}; use true or false")
