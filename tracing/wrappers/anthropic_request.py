"""What is recorded of the requests to Anthropic.

The shapes are LangSmith's: ``system`` becomes the first message, and the metadata
has its ``ls_`` names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from evalhub.tracing.active import ActiveSpan, snapshot
from evalhub.tracing.encode import DEFAULT_LIMIT
from evalhub.tracing.wrappers.anthropic_answer import dump

__all__ = ["Described", "as_recorded", "given", "record_request"]

_TRANSPORT = frozenset({"extra_headers", "extra_query", "timeout"})
"""Arguments that are about the connection; headers may hold keys."""
_NOTHING = frozenset({"NotGiven", "Omit"})
_NAMES = {
    "model": "ls_model_name",
    "temperature": "ls_temperature",
    "max_tokens": "ls_max_tokens",
    "stop_sequences": "ls_stop",
}
_PARAMS = frozenset({"service_tier", "tool_choice", "top_k", "top_p", "stream", "thinking"})
"""Parameters recorded in ``ls_invocation_params``: known ones that hold no secret."""
_SAFE_MCP_KEYS = frozenset({"name", "type", "url", "tool_configuration"})
_SECRET = "[SECRET_DETECTED]"


@dataclass(frozen=True, slots=True)
class Described:
    """What every span of one client carries."""

    provider: str
    """By OpenTelemetry's names: ``anthropic``, ``aws.bedrock``, ``gcp.vertex_ai``."""
    metadata: Mapping[str, Any]
    """In plain JSON types."""
    invocation_params: Mapping[str, Any]
    tags: tuple[str, ...]

    @classmethod
    def of(cls, client: Any, *, metadata: Mapping[str, Any], tags: tuple[str, ...]) -> Self:
        """Describe *client*, with what its owner wants on every span."""
        name = getattr(client, "_gen_ai_provider_name", None)
        provider = name if isinstance(name, str) else "anthropic"
        rest = snapshot(metadata, DEFAULT_LIMIT)
        params = rest.pop("ls_invocation_params", None) or {}
        return cls(provider, rest, params, tags)


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the *arguments* that say something and are not about the connection."""
    return {
        key: value
        for key, value in arguments.items()
        if value is not None and key not in _TRANSPORT and type(value).__name__ not in _NOTHING
    }


def record_request(
    span: ActiveSpan, arguments: Mapping[str, Any], described: Described, extra: Mapping[str, Any]
) -> None:
    """Record what is about to be asked, and the *extra* metadata of this call."""
    inputs = given(arguments)
    model = inputs.get("model")
    details = span._more()  # not by `set`: the copies that it makes cost more than all of this
    details.model = model if isinstance(model, str) else None
    details.provider = described.provider
    details.metadata.update(_langsmith_metadata(inputs, described))
    if extra:
        span.take_metadata(snapshot(extra, span._tracer.limit))
    span.take_metadata(dict(described.metadata))  # the last, as in LangSmith
    if described.tags:
        span.set(tags=described.tags)
    span.set_inputs(as_recorded(inputs))


def _langsmith_metadata(inputs: Mapping[str, Any], described: Described) -> dict[str, Any]:
    said: dict[str, Any] = {"ls_provider": described.provider, "ls_model_type": "chat"}
    for key, name in _NAMES.items():
        if key in inputs:
            said[name] = inputs[key]
    params = described.invocation_params
    if not _PARAMS.isdisjoint(inputs):
        params = {**params, **{key: inputs[key] for key in inputs if key in _PARAMS}}
        return snapshot({**said, "ls_invocation_params": params}, DEFAULT_LIMIT)
    said["ls_invocation_params"] = params
    stop = said.get("ls_stop")
    if isinstance(stop, list):  # the only one of these that the caller may change later
        said["ls_stop"] = list(stop)
    return said


def as_recorded(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return *inputs*, changed in place: ``system`` is a message, keys of servers are masked."""
    messages = inputs.get("messages")
    if isinstance(messages, list | tuple):  # anything else may be an iterator
        inputs["messages"] = [*_system(inputs), *map(_as_sent, messages)]
    if "mcp_servers" in inputs:
        inputs["mcp_servers"] = _without_secrets(inputs["mcp_servers"])
    if isinstance(inputs.get("tools"), list | tuple):
        inputs["tools"] = [_definition(tool) for tool in inputs["tools"]]
    return inputs


def _system(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    system = inputs.pop("system", None)
    return [] if system is None else [{"role": "system", "content": system}]


def _as_sent(message: Any) -> Any:
    """Return *message*; blocks of an earlier answer in it as JSON, which is thrice as fast here."""
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list) or all(type(block) is dict for block in content):
        return message
    return {**message, "content": [dump(block) for block in content]}


def _without_secrets(servers: Any) -> Any:
    if not isinstance(servers, list | tuple):
        return servers
    return [
        {key: value if key in _SAFE_MCP_KEYS else _SECRET for key, value in server.items()}
        if isinstance(server, Mapping)
        else server
        for server in servers
    ]


def _definition(tool: Any) -> Any:
    """Return what is sent of *tool*, which may be a function made by ``beta_tool``."""
    if isinstance(tool, dict) or not callable(getattr(type(tool), "to_dict", None)):
        return tool
    return tool.to_dict()
