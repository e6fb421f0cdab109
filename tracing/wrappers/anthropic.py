"""``wrap_anthropic``: record every model call of an Anthropic client.

The methods are replaced on the client's own resource objects, so the client
stays what it was: same class, same results, same errors.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from evalhub.errors import ConfigError
from evalhub.model import SpanKind
from evalhub.tracing.wrappers.anthropic_batches import BatchResults
from evalhub.tracing.wrappers.anthropic_call import MessageCalls, PlainCalls
from evalhub.tracing.wrappers.anthropic_request import Described
from evalhub.tracing.wrappers.anthropic_tools import ToolRuns
from evalhub.tracing.wrappers.method import forget_views, recorded, replace, wrap_copies

__all__ = ["wrap_anthropic"]

C = TypeVar("C")


def wrap_anthropic(
    client: C,
    *,
    tracing_extra: Mapping[str, Any] | None = None,
    chat_name: str = "ChatAnthropic",
    completions_name: str = "Anthropic",
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Iterable[str] = (),
) -> C:
    """Record the model calls of *client* and return it, changed in place.

    Any client of the anthropic package will do: Anthropic's own, Bedrock's,
    Vertex's, Foundry's, sync and async. Recorded are ``messages.create``, ``stream`` and
    ``parse``, the same of ``beta.messages``, turns and tools of its ``tool_runner``,
    ``count_tokens``, and batches with the answers in their results; also through
    ``with_raw_response`` and ``with_streaming_response``. Copies made by ``copy`` and
    ``with_options`` are wrapped too; wrapping twice does nothing more.

    Args:
        client: The client to change.
        tracing_extra: ``{"metadata": ..., "tags": ...}``, as LangSmith takes it. Its metadata
            may hold ``ls_invocation_params``, which are added to those of each call.
        chat_name: Name of the spans of messages.
        completions_name: Accepted for programs written for LangSmith, and not used.
        name: The same as *chat_name*, as ``wrap_openai`` has it.
        metadata: Recorded with every span.
        tags: Recorded with every span.

    Raises:
        ConfigError: *client* has no messages to record.
    """
    found: Any = client
    if not hasattr(getattr(found, "messages", None), "create"):
        raise ConfigError(
            f"wrap_anthropic takes a client of the anthropic package, not {type(client).__name__};"
            " wrap anthropic.Anthropic()"
        )
    extra = dict(tracing_extra or {})
    tags = tuple(tags)
    described = Described.of(
        found,
        metadata={**(extra.get("metadata") or {}), **(metadata or {})},
        tags=(*(extra.get("tags") or ()), *tags),
    )
    beta = getattr(found, "beta", None)
    for messages in (found.messages, getattr(beta, "messages", None)):
        _wrap_messages(messages, name or chat_name, described)
    for owner in (found, beta):
        forget_views(owner)
    wrap_copies(
        found,
        functools.partial(
            wrap_anthropic,
            tracing_extra=tracing_extra,
            chat_name=name or chat_name,
            metadata=metadata,
            tags=tags,
        ),
    )
    return client


def _wrap_messages(messages: Any, name: str, described: Described) -> None:
    calls = MessageCalls(name, described)
    counts = PlainCalls("AnthropicCountTokens", SpanKind.CHAIN, described)
    for method in ("create", "parse"):
        replace(messages, method, functools.partial(recorded, calls))
    replace(messages, "stream", calls.wrap_manager)
    replace(messages, "count_tokens", functools.partial(recorded, counts))
    replace(messages, "tool_runner", ToolRuns(described).wrap)
    forget_views(messages)
    _wrap_batches(getattr(messages, "batches", None), name, described)


def _wrap_batches(batches: Any, name: str, described: Described) -> None:
    plain = PlainCalls("AnthropicBatch", SpanKind.CHAIN, described)
    for method in ("create", "retrieve"):
        replace(batches, method, functools.partial(recorded, plain))
    results = BatchResults("AnthropicBatchResults", name, described)
    replace(batches, "results", functools.partial(recorded, results))
    forget_views(batches)
