"""OpenAI's protocol, from and to the shapes of :mod:`evalhub.llm.client`.

Servers that speak it leave fields out, or give null: what lacks is None, never a crash.
"""

import json
from collections.abc import Mapping
from typing import Any

from evalhub.errors import EmptyAnswerError, ModelError
from evalhub.http import HttpAnswer
from evalhub.llm.client import Completion, TokenLogprob
from evalhub.tracing.usage import to_usage

__all__ = ["to_completion", "to_fields", "to_refusal"]

_SHOWN = 200


def to_completion(answer: Any) -> Completion:
    """Return the first choice of *answer*, the JSON of a chat completion.

    A refusal that the API reports as one is the text, with the finish reason ``refusal``.

    Raises:
        EmptyAnswerError: it has no text, and calls no tool.
        ModelError: it is no chat completion.
    """
    choices = _part(answer, "choices", list) or [None]
    message = _part(choices[0], "message", dict)
    if message is None:
        said = json.dumps(answer, ensure_ascii=False)[:_SHOWN]
        raise ModelError(f"the endpoint answered {said}: no chat completion")
    model = _part(answer, "model", str) or ""
    reason = _part(choices[0], "finish_reason", str)
    content, refusal = _part(message, "content", str), _part(message, "refusal", str)
    tool_calls = _tool_calls(message)
    if not content and not refusal and not tool_calls:
        raise EmptyAnswerError(f"model {model!r} answered nothing (finish reason {reason})")
    return Completion(
        text=content or refusal or "",
        model=model,
        finish_reason="refusal" if refusal and not content else reason,
        usage=to_usage(answer.get("usage"), tier=answer.get("service_tier")),
        logprobs=_logprobs(choices[0]),
        tool_calls=tool_calls,
    )


def to_fields(settings: Mapping[str, Any], *, is_openai: bool) -> dict[str, Any]:
    """Return *settings*, those of a prompt, as fields of a request.

    OpenAI itself (*is_openai*) has another name for ``max_tokens`` than all other servers.
    """
    fields = dict(settings)
    if is_openai and "max_tokens" in fields:
        fields["max_completion_tokens"] = fields.pop("max_tokens")
    if "json_schema" in fields:
        named = {"name": "answer", "strict": True, "schema": dict(fields.pop("json_schema"))}
        fields["response_format"] = {"type": "json_schema", "json_schema": named}
    if "top_logprobs" in fields:
        fields["logprobs"] = True
    lists = {name: list(fields[name]) for name in ("stop", "tools") if name in fields}
    return fields | lists


def to_refusal(answer: HttpAnswer) -> tuple[str, str | None]:
    """Return what an *answer* that is no success says, and the parameter that it names."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        return answer.shown, None
    error = _part(found, "error", dict) or found
    said = _part(error, "message", str) or _part(found, "error", str) or _part(found, "detail", str)
    return said or answer.shown, _part(error, "param", str)


def _part(whole: Any, name: str, kind: type) -> Any:
    """Return that field of *whole*, or None where it is absent or no *kind*."""
    value = whole.get(name) if isinstance(whole, dict) else None
    return value if isinstance(value, kind) else None


def _tool_calls(message: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    calls = _part(message, "tool_calls", list) or ()
    # Calls of custom tools have free text and no function.
    functions = [(_part(call, "id", str), _part(call, "function", dict)) for call in calls]
    return tuple(
        {
            "id": call_id or "",
            "name": _part(function, "name", str) or "",
            "arguments": _arguments(function.get("arguments")),
        }
        for call_id, function in functions
        if function is not None
    )


def _arguments(given: object) -> Mapping[str, Any] | str:
    """Return the JSON object in *given*, or the text where it holds none."""
    if isinstance(given, Mapping):  # some servers send the object itself
        return given
    text = given if isinstance(given, str) else ""
    try:
        arguments = json.loads(text or "{}")
    except ValueError:
        return text
    return arguments if isinstance(arguments, dict) else text


def _logprobs(choice: Mapping[str, Any]) -> tuple[TokenLogprob, ...] | None:
    content = _part(_part(choice, "logprobs", dict), "content", list)
    if content is None:
        return None
    return tuple(
        TokenLogprob(
            item["token"],
            item["logprob"],
            tuple((rival["token"], rival["logprob"]) for rival in item.get("top_logprobs") or ()),
        )
        for item in content
    )
