"""Which model endpoint to ask: the one the environment names, or the embedded one."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from evalhub.errors import ConfigError
from evalhub.llm.local import LocalServer

__all__ = [
    "Endpoint",
    "Provider",
    "anthropic_endpoint",
    "endpoint_at",
    "open_endpoint",
    "resolve_endpoint",
]

Provider = Literal["openai", "anthropic"]
"""Whose API an endpoint speaks; most speak OpenAI's."""

_OPENAI_URL = "https://api.openai.com/v1"
_OPENAI_MODEL = "gpt-4.1-mini"  # in the bundled price table, so that budgets hold
_ANTHROPIC_URL = "https://api.anthropic.com"
_VARIABLES: Mapping[Provider, tuple[str, str, str]] = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_KEY", _OPENAI_URL),
    "anthropic": ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", _ANTHROPIC_URL),
}
"""Variables of the address and of the key, and the address that is usual."""
_NO_KEY = "none"  # vendors' clients insist on a key; servers of one's own ignore it
_HEADERS = {"OPENAI_ORG_ID": "OpenAI-Organization", "OPENAI_PROJECT_ID": "OpenAI-Project"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers."""

    base_url: str
    """Address with the version, such as ``http://127.0.0.1:8103/v1``; Anthropic's has none."""
    model: str
    api_key: str = field(default=_NO_KEY, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    """What every request carries beside the key."""

    @property
    def has_key(self) -> bool:
        """Whether a key is sent to it."""
        return self.api_key != _NO_KEY

    @property
    def is_openai(self) -> bool:
        """Whether this is OpenAI's own service."""
        return self.base_url.rstrip("/") == _OPENAI_URL


def resolve_endpoint(environ: Mapping[str, str] | None = None) -> Endpoint | None:
    """Return the endpoint that the environment names, or None for the embedded model.

    ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` are those of the openai client; either is
    enough. ``OPENAI_ORG_ID``, ``OPENAI_PROJECT_ID`` and ``OPENAI_CUSTOM_HEADERS`` (lines such as
    ``name: value``) are its own too. ``EVALHUB_MODEL`` names the model.

    Args:
        environ: Variables to read instead of ``os.environ``.

    Raises:
        ConfigError: the address is not one, or the model's name is needed and missing.
    """
    env = os.environ if environ is None else environ
    url, key = env.get("OPENAI_BASE_URL"), env.get("OPENAI_API_KEY")
    if not url and not key:
        return None
    endpoint = Endpoint(
        base_url=url or _OPENAI_URL,
        model=env.get("EVALHUB_MODEL") or _OPENAI_MODEL,
        api_key=key or _NO_KEY,
        headers=_openai_headers(env),
    )
    _check(endpoint, has_model=bool(env.get("EVALHUB_MODEL")), has_key=bool(key))
    return endpoint


def endpoint_at(
    base_url: str,
    model: str,
    environ: Mapping[str, str] | None = None,
    *,
    provider: Provider = "openai",
) -> Endpoint:
    """Return where *model* answers at *base_url*, an address that the environment may not name.

    The environment's key is for the environment's own address, and goes nowhere else: no key
    is shown to a stranger's server because a file names that.

    Args:
        base_url: Its address.
        model: Its name there.
        environ: Variables to read instead of ``os.environ``.
        provider: Whose API it speaks.

    Raises:
        ConfigError: the address is not one.
    """
    env = os.environ if environ is None else environ
    if not base_url.startswith(("http://", "https://")):
        raise ConfigError(f"base_url is {base_url!r}; it must start with http:// or https://")
    url, key, usual = _VARIABLES[provider]
    is_own = _origin(base_url) == _origin(env.get(url) or usual)
    if not is_own:
        return Endpoint(base_url, model)
    headers = _openai_headers(env) if provider == "openai" else {}
    return Endpoint(base_url, model, env.get(key) or _NO_KEY, headers)


def anthropic_endpoint(model: str, environ: Mapping[str, str] | None = None) -> Endpoint:
    """Return where Anthropic's *model* answers.

    ``ANTHROPIC_API_KEY`` and ``ANTHROPIC_BASE_URL`` are those of the anthropic client.

    Args:
        model: Its name, such as ``claude-sonnet-4-5``.
        environ: Variables to read instead of ``os.environ``.

    Raises:
        ConfigError: there is no key for Anthropic's own service, or the address is not one.
    """
    env = os.environ if environ is None else environ
    url, key = env.get("ANTHROPIC_BASE_URL") or _ANTHROPIC_URL, env.get("ANTHROPIC_API_KEY")
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"ANTHROPIC_BASE_URL is {url!r}; it must start with http:// or https://")
    if not key and url.rstrip("/") == _ANTHROPIC_URL:
        raise ConfigError(f"the model {model!r} needs a key; set ANTHROPIC_API_KEY")
    return Endpoint(url, model, key or _NO_KEY)


@contextlib.contextmanager
def open_endpoint() -> Iterator[Endpoint]:
    """Give the endpoint to use; the embedded model runs for the length of the block.

    Raises:
        ConfigError: the environment names an endpoint that cannot be used.
        ModelError: the embedded model is not pulled or does not start.
    """
    endpoint = resolve_endpoint()
    if endpoint is not None:
        yield endpoint
        return
    with LocalServer() as server:
        yield Endpoint(server.base_url, server.model)


def _openai_headers(env: Mapping[str, str]) -> dict[str, str]:
    lines = (line.partition(":") for line in env.get("OPENAI_CUSTOM_HEADERS", "").splitlines())
    custom = {name.strip(): value.strip() for name, colon, value in lines if colon}
    named = {header: env.get(variable, "") for variable, header in _HEADERS.items()}
    return {**{header: value for header, value in named.items() if value}, **custom}


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def _check(endpoint: Endpoint, *, has_model: bool, has_key: bool) -> None:
    url = endpoint.base_url
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"OPENAI_BASE_URL is {url!r}; it must start with http:// or https://")
    if endpoint.is_openai and not has_key:
        raise ConfigError(f"OPENAI_BASE_URL is {url!r}; it needs OPENAI_API_KEY too")
    if not endpoint.is_openai and not has_model:
        raise ConfigError(f"OPENAI_BASE_URL is {url!r}; name its model in EVALHUB_MODEL")
