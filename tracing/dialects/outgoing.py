"""The attributes by which OpenTelemetry's world knows one of our spans."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from evalhub.model import Span
from evalhub.tracing.dialects.messages import answer_parts, to_parts
from evalhub.tracing.encode import decode, encode

__all__ = ["attributes_of", "read_error"]

_OPERATIONS = {
    "llm": "chat",
    "embedding": "embeddings",
    "retriever": "retrieval",
    "tool": "execute_tool",
    "agent": "invoke_agent",
}
_PARAMETERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "stream": "stream",
    "n": "choice.count",
}
"""Names of OpenAI's parameters below ``gen_ai.request.``."""


def attributes_of(span: Span) -> dict[str, Any]:
    """Return the attributes of *span*: GenAI's names, and OpenInference's for the rest."""
    metadata = _object(span.attributes)
    return {
        "openinference.span.kind": span.kind.upper(),
        "gen_ai.operation.name": _OPERATIONS.get(span.kind),
        "gen_ai.provider.name": span.provider,
        "gen_ai.response.model": span.model,
        "gen_ai.response.id": metadata.pop("response_id", None),
        "gen_ai.response.finish_reasons": metadata.pop("finish_reasons", None),
        "gen_ai.response.time_to_first_chunk": _first_chunk_s(span),
        "gen_ai.conversation.id": span.session_id,
        "session.id": span.session_id,
        "user.id": span.user_id,
        "tag.tags": list(span.tags) or None,
        "error.type": read_error(span.error)[0] if span.error else None,
        **_parameters(metadata.pop("invocation_params", None), span),
        **_usage(span),
        **_content(span),
        **_attachments(span),
        **{key: _plain(value) for key, value in metadata.items()},
    }


def read_error(said: str) -> tuple[str, str]:
    """Return type and message of an error whose first line is a repr, ``ValueError('boom')``.

    The type is ``Error`` where that line is something else.
    """
    line = said.partition("\n")[0]
    match = re.fullmatch(r"([A-Za-z_][\w.]*)\((.*)\)", line)
    if match is None:
        return "Error", line
    # Not ast.literal_eval: of odd escapes it warns, in the traced program's name.
    quoted = re.fullmatch(r"""(['"])(.*)\1""", match[2])
    return match[1], match[2] if quoted is None else re.sub(r"\\(.)", _unescaped, quoted[2])


def _unescaped(escape: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "r": "\r"}.get(escape[1], escape[1])


def _first_chunk_s(span: Span) -> float | None:
    return None if span.first_token_ns is None else (span.first_token_ns - span.start_ns) / 1e9


def _parameters(given: Any, span: Span) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        return {"gen_ai.request.model": span.model}
    known = {
        f"gen_ai.request.{_PARAMETERS[name]}": value
        for name, value in given.items()
        if name in _PARAMETERS and not isinstance(value, list | dict)
    }
    stop = given.get("stop")
    if stop:
        known["gen_ai.request.stop_sequences"] = [stop] if isinstance(stop, str) else stop
    return {
        "gen_ai.request.model": given.get("model") or span.model,
        "llm.invocation_parameters": encode(given).decode(),
        **known,
    }


def _usage(span: Span) -> dict[str, Any]:
    usage = span.usage
    if usage is None:
        return {}
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        "gen_ai.usage.audio.input_tokens": usage.audio_input_tokens,
        "gen_ai.usage.audio.output_tokens": usage.audio_output_tokens,
    }


def _content(span: Span) -> dict[str, Any]:
    """Return inputs and outputs under the names that fit the kind of *span*."""
    if span.kind == "tool":
        return {
            "gen_ai.tool.name": span.name,
            "gen_ai.tool.call.arguments": _text(span.inputs),
            "gen_ai.tool.call.result": _text(span.outputs),
        }
    if span.kind == "llm":
        return {
            **_side(span.inputs, "input", to_parts),
            **_side(span.outputs, "output", answer_parts),
        }
    return {**_value(span.inputs, "input"), **_value(span.outputs, "output")}


def _side(
    payload: bytes | None, side: str, convert: Callable[[Any], dict[str, Any] | None]
) -> dict[str, Any]:
    converted = None if payload is None else convert(decode(payload))
    if converted is None:
        return _value(payload, side)
    return {key: encode(value).decode() for key, value in converted.items()}


def _value(payload: bytes | None, side: str) -> dict[str, Any]:
    if payload is None:
        return {}
    return {f"{side}.value": payload.decode(), f"{side}.mime_type": "application/json"}


def _attachments(span: Span) -> dict[str, Any]:
    if not span.attachments:
        return {}
    return {
        "evalhub.attachments": [
            f"{item.name} ({item.mime_type}, {len(item.data)} bytes, sha256 {item.sha256})"
            for item in span.attachments
        ]
    }


def _object(payload: bytes | None) -> dict[str, Any]:
    found = decode(payload) if payload else {}
    return found if isinstance(found, dict) else {"attributes": found}


def _plain(value: Any) -> Any:
    is_plain = value is None or isinstance(value, str | bool | int | float)
    return value if is_plain else encode(value).decode()


def _text(payload: bytes | None) -> str | None:
    return None if payload is None else payload.decode()
