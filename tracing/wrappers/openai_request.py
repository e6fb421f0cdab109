"""What is recorded of the requests to OpenAI, and of whom they go to.

The metadata has LangSmith's ``ls_`` names. The openai package is never imported here:
a client that reaches this code has loaded it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.wrappers.openai_media import lift_content, lift_file

__all__ = ["Described", "record_request"]

_TRANSPORT = frozenset({"extra_headers", "extra_query", "timeout"})
"""Arguments that are about the connection; headers may hold keys."""
_NOTHING = frozenset({"NotGiven", "Omit"})
_CONTENT = frozenset(
    {
        "additional_instructions",
        "additional_messages",
        "file",
        "functions",
        "image",
        "input",
        "instructions",
        "mask",
        "messages",
        "metadata",
        "model",
        "prompt",
        "response_format",
        "text_format",
        "tool_outputs",
        "tools",
    }
)
"""Arguments that are the question; all others are parameters."""
_LIFTED = ("messages", "input")
_SCALARS = (str, int, float, bool, type(None))
_PROVIDERS = {
    "openai.com": "openai",
    "azure.com": "azure",
    "anthropic.com": "anthropic",
    "googleapis.com": "google",
    "mistral.ai": "mistral",
    "openrouter.ai": "openrouter",
}
_schemas: "WeakKeyDictionary[type, Any]" = WeakKeyDictionary()
"""JSON schemas of the classes that answers are parsed into: making one takes 0.1 ms."""


@dataclass(frozen=True, slots=True)
class Described:
    """What every span of one client carries."""

    provider: str
    """A well-known provider, or the host's name."""
    is_azure: bool
    metadata: Mapping[str, Any]
    invocation_params: Mapping[str, Any]
    tags: tuple[str, ...]
    project: str | None

    @classmethod
    def of(
        cls,
        client: Any,
        *,
        metadata: Mapping[str, Any],
        tags: tuple[str, ...],
        project: str | None,
    ) -> Self:
        """Describe *client*, with what its owner wants on every span."""
        rest = dict(metadata)
        params = rest.pop("ls_invocation_params", None) or {}
        is_azure = any("Azure" in base.__name__ for base in type(client).__mro__)
        provider = "azure" if is_azure else _provider_at(str(getattr(client, "base_url", "")))
        return cls(provider, is_azure, rest, params, tags, project)

    @classmethod
    def at(cls, base_url: str) -> Self:
        """Describe who answers at *base_url*, for a client that is none of the package's."""
        return cls(_provider_at(base_url), False, {}, {}, (), None)


def _provider_at(base_url: str) -> str:
    host = urlsplit(base_url).hostname or "unknown"
    return _PROVIDERS.get(".".join(host.split(".")[-2:]), host)


def record_request(
    span: ActiveSpan,
    arguments: Mapping[str, Any],
    described: Described,
    *,
    model_type: str,
    files: tuple[str, ...] = (),
) -> None:
    """Record what is about to be asked; *files* are the arguments that are uploaded."""
    given = {
        key: value
        for key, value in arguments.items()
        if key not in _TRANSPORT
        and type(value).__name__ not in _NOTHING
        and not (value is None and key == "extra_body")
    }
    model = given.get("model")
    metadata = {**_langsmith_metadata(given, described, model_type), **described.metadata}
    span.set_inputs(_as_recorded(span, given, files))
    if _is_flat(metadata):
        span.take_metadata(metadata)
    else:
        span.add_metadata(metadata)  # takes a copy: the caller may change what is his
    # After the metadata, whose `ls_provider` would fill it: ours tells servers apart.
    details = span._more()
    details.provider = described.provider
    if isinstance(model, str):
        details.model = model
    if described.tags:
        span.add_tags(described.tags)


def _is_flat(metadata: Mapping[str, Any]) -> bool:
    """Say whether nothing in *metadata* and its parameters can be changed by the caller."""
    params = metadata.get("ls_invocation_params") or {}
    return all(
        isinstance(value, _SCALARS)
        for part in (metadata, params)
        for value in part.values()
        if value is not params
    )


def _langsmith_metadata(
    given: Mapping[str, Any], described: Described, model_type: str
) -> dict[str, Any]:
    params = {key: value for key, value in given.items() if key not in _CONTENT}
    stop = given.get("stop")
    metadata = {
        "ls_provider": "azure" if described.is_azure else "openai",
        "ls_model_type": model_type,
        "ls_model_name": given.get("model"),
        "ls_temperature": given.get("temperature"),
        "ls_max_tokens": given.get("max_tokens")
        or given.get("max_completion_tokens")
        or given.get("max_output_tokens"),
        "ls_stop": [stop] if isinstance(stop, str) else stop,
        "ls_invocation_params": {**described.invocation_params, **params},
    }
    own = given.get("metadata")
    said = {key: value for key, value in metadata.items() if value is not None}
    return {**own, **said} if isinstance(own, Mapping) else said


def _as_recorded(span: ActiveSpan, given: dict[str, Any], files: tuple[str, ...]) -> dict[str, Any]:
    for key in _LIFTED:
        if key in given:
            given[key] = lift_content(span, given[key])
    for key in files:
        if key in given:
            given[key] = lift_file(span, key, given[key])
    for key in ("response_format", "text_format"):
        if isinstance(given.get(key), type):
            given[key] = _schema(given[key])
    return given


def _schema(kind: type) -> Any:
    """Return the JSON schema of a pydantic class, or the class."""
    schema = _schemas.get(kind)
    if schema is None:
        make = getattr(kind, "model_json_schema", None)
        if make is None:
            return kind
        schema = _schemas[kind] = make()
    return schema
