"""``wrap_openai``: record every model call of an OpenAI client.

The methods are replaced on the client's own resource objects, so the client
stays what it was: same class, same results, same errors.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from evalhub.errors import ConfigError
from evalhub.tracing.wrappers.method import wrap_copies
from evalhub.tracing.wrappers.openai_call import MethodCalls, Original
from evalhub.tracing.wrappers.openai_endpoints import PLAIN_CHAT, Endpoint
from evalhub.tracing.wrappers.openai_install import wrap_endpoints
from evalhub.tracing.wrappers.openai_request import Described

__all__ = ["record_chats", "wrap_openai"]

C = TypeVar("C")


def wrap_openai(
    client: C,
    *,
    tracing_extra: Mapping[str, Any] | None = None,
    chat_name: str = "ChatOpenAI",
    completions_name: str = "OpenAI",
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Iterable[str] = (),
) -> C:
    """Record the model calls of *client* and return it, changed in place.

    Any client of the openai package will do: OpenAI's, Azure's, sync and async, and those of
    compatible servers. Recorded are chats, responses, completions, embeddings, moderations,
    images, transcriptions, translations, speech and runs of Assistants, streamed or
    not, by ``create``, ``parse``, ``stream`` or polling, also through ``with_raw_response``
    and ``with_streaming_response``. For a streamed chat or completion usage is asked for
    when the caller did not, and the extra chunk is kept from the caller. Copies made by
    ``copy`` and ``with_options`` are wrapped too; wrapping twice does nothing more.

    Args:
        client: The client to change.
        tracing_extra: ``{"metadata": ..., "tags": ..., "project_name": ...}``, as LangSmith
            takes it; its ``client`` is not used. The metadata may hold
            ``ls_invocation_params``, which are added to those of each call.
        chat_name: Name of the spans of chats and responses (``AzureChatOpenAI`` on Azure).
        completions_name: Name of the spans of completions (``AzureOpenAI`` on Azure).
        name: Name of all spans, whatever is called.
        metadata: Recorded with every span.
        tags: Recorded with every span.

    Raises:
        ConfigError: *client* has no chats to record.
    """
    found: Any = client
    if not hasattr(getattr(getattr(found, "chat", None), "completions", None), "create"):
        raise ConfigError(
            f"wrap_openai takes a client of the openai package, not {type(client).__name__};"
            " wrap openai.OpenAI()"
        )
    extra, own_tags = tracing_extra or {}, tuple(tags)
    described = Described.of(
        found,
        metadata={**(extra.get("metadata") or {}), **(metadata or {})},
        tags=(*(extra.get("tags") or ()), *own_tags),
        project=extra.get("project_name"),
    )
    names = {
        "chat": name or _on_azure(described, chat_name, "ChatOpenAI"),
        "completions": name or _on_azure(described, completions_name, "OpenAI"),
    }
    wrap_endpoints(found, functools.partial(_recorded, names, name, described))
    again = functools.partial(
        wrap_openai,
        tracing_extra=tracing_extra,
        chat_name=chat_name,
        completions_name=completions_name,
        name=name,
        metadata=metadata,
        tags=own_tags,
    )
    wrap_copies(found, again)
    return client


def record_chats(create: Original, base_url: str, *, name: str = "ChatOpenAI") -> Original:
    """Return *create* with its calls recorded, as those of a client's ``chat.completions``.

    For who speaks the protocol without the openai package.

    Args:
        create: Takes the request's fields by name and returns the answer's JSON.
        base_url: Where it asks.
        name: Name of the spans.
    """
    return MethodCalls(create, name, PLAIN_CHAT, Described.at(base_url)).wrapper()


def _on_azure(described: Described, name: str, usual: str) -> str:
    """Return *name*, or LangSmith's for Azure in place of the *usual* one."""
    return f"Azure{name}" if described.is_azure and name == usual else name


def _recorded(
    names: Mapping[str, str],
    name: str | None,
    described: Described,
    endpoint: Endpoint,
    original: Original,
) -> Original:
    given = names.get(endpoint.call.name) or name or endpoint.call.name
    return MethodCalls(original, given, endpoint, described).wrapper()
