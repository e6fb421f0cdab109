"""Token counts, from what providers and frameworks call them to :class:`Usage`."""

from collections.abc import Mapping
from typing import Any

from evalhub.model import Usage

__all__ = ["to_usage"]

# Each count and where it is found: OpenAI chat, OpenAI responses, LangSmith.
_INPUT = ("input_tokens", "prompt_tokens")
_OUTPUT = ("output_tokens", "completion_tokens")
_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")


def to_usage(counts: Usage | Mapping[str, Any] | None) -> Usage | None:
    """Return *counts* as a Usage, or None when they say nothing.

    Cached tokens are taken to be inside the input, as OpenAI and LangSmith count.
    A value that is not a whole number is left out rather than guessed.
    """
    if counts is None or isinstance(counts, Usage):
        return counts
    if not isinstance(counts, Mapping):
        return None
    inside = _mapping(counts, _INPUT_DETAILS)
    outside = _mapping(counts, _OUTPUT_DETAILS)
    usage = Usage(
        input_tokens=_count(counts, _INPUT),
        output_tokens=_count(counts, _OUTPUT),
        cache_read_tokens=_either(
            inside, ("cached_tokens", "cache_read"), counts, "cache_read_tokens"
        ),
        cache_write_tokens=_either(
            inside, ("cache_write_tokens", "cache_creation"), counts, "cache_write_tokens"
        ),
        reasoning_tokens=_either(
            outside, ("reasoning_tokens", "reasoning"), counts, "reasoning_tokens"
        ),
    )
    return None if usage == Usage() else usage


def _either(
    details: Mapping[str, Any], keys: tuple[str, ...], counts: Mapping[str, Any], own: str
) -> int | None:
    found = _count(details, keys)
    return _count(counts, (own,)) if found is None else found


def _count(counts: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    for key in keys:
        value = counts.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None


def _mapping(counts: Mapping[str, Any], keys: tuple[str, ...]) -> Mapping[str, Any]:
    for key in keys:
        value = counts.get(key)
        if isinstance(value, Mapping):
            return value
    return {}
