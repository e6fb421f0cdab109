"""What ``langsmith.utils`` has, as far as programs import it."""

import logging
import os
from functools import lru_cache
from typing import Any

from evalhub.tracing.context import ContextThreadPoolExecutor, records_here
from evalhub.tracing.process import ACTIVE, tracer_in_force

__all__ = [
    "ContextThreadPoolExecutor",
    "LangSmithAPIError",
    "LangSmithAuthError",
    "LangSmithConflictError",
    "LangSmithConnectionError",
    "LangSmithError",
    "LangSmithMissingAPIKeyWarning",
    "LangSmithNotFoundError",
    "LangSmithRateLimitError",
    "LangSmithRequestTimeout",
    "LangSmithUserError",
    "LangSmithWarning",
    "get_env_var",
    "get_tracer_project",
    "is_env_var_truish",
    "is_truish",
    "log_once",
    "test_tracking_is_disabled",
    "tracing_is_enabled",
]


class LangSmithError(Exception):
    """Base of LangSmith's errors; nothing here raises them."""


class LangSmithAPIError(LangSmithError):
    """As in LangSmith's SDK."""


class LangSmithRequestTimeout(LangSmithError):  # noqa: N818 - LangSmith's name
    """As in LangSmith's SDK."""


class LangSmithUserError(LangSmithError):
    """As in LangSmith's SDK."""


class LangSmithRateLimitError(LangSmithError):
    """As in LangSmith's SDK."""


class LangSmithAuthError(LangSmithError):
    """As in LangSmith's SDK."""


class LangSmithNotFoundError(LangSmithError):
    """As in LangSmith's SDK."""


class LangSmithConflictError(LangSmithError):
    """As in LangSmith's SDK."""


class LangSmithConnectionError(LangSmithError):
    """As in LangSmith's SDK."""


class LangSmithWarning(UserWarning):
    """As in LangSmith's SDK."""


class LangSmithMissingAPIKeyWarning(LangSmithWarning):
    """As in LangSmith's SDK."""


def tracing_is_enabled(ctx: Any = None) -> bool:
    """Say whether a call made here is recorded."""
    return records_here() or (ACTIVE.tracer or tracer_in_force()).enabled


def test_tracking_is_disabled() -> bool:
    """Say whether LangSmith's pytest plugin is off: here it always is."""
    return True


def get_env_var(name: str, default: str | None = None) -> str | None:
    """Return ``LANGSMITH_<name>`` or ``LANGCHAIN_<name>`` of the environment."""
    for prefix in ("LANGSMITH", "LANGCHAIN"):
        value = os.environ.get(f"{prefix}_{name}")
        if value:
            return value
    return default


def get_tracer_project(return_default_value: bool = True) -> str:
    """Return the project of spans whose code names none."""
    return (ACTIVE.tracer or tracer_in_force()).project


def is_truish(value: Any) -> bool:
    """Say whether *value* of an environment variable means yes."""
    if isinstance(value, str):
        return value.lower() in ("true", "1")
    return bool(value)


def is_env_var_truish(name: str | None) -> bool:
    """Say whether the variable means yes."""
    return name is not None and is_truish(get_env_var(name))


@lru_cache
def log_once(level: int, message: str) -> None:
    """Log *message*, the first time only."""
    _log.log(level, message)


_log = logging.getLogger("evalhub.tracing.langsmith")
