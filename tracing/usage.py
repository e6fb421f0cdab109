"""Token counts, from what providers and frameworks call them to :class:`Usage`."""

from collections.abc import Mapping
from typing import Any

from evalhub.model import Usage

__all__ = ["to_usage"]

Counts = Mapping[str, Any]
Names = tuple[str, ...]

# Each count and what it is called: OpenAI chat, OpenAI responses and Anthropic, LangSmith.
_INPUT = ("input_tokens", "prompt_tokens")
_OUTPUT = ("output_tokens", "completion_tokens")
_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")

# What is inside the details, and its name beside the totals (our own first, then Anthropic's).
# LangSmith writes the tier in front: flex_cache_read.
_READ = ("cached_tokens", "cache_read", "priority_cache_read", "flex_cache_read")
_READ_BESIDE = ("cache_read_tokens", "cache_read_input_tokens")
_WRITE = ("cache_write_tokens", "cache_creation")
_WRITE_BESIDE = ("cache_write_tokens", "cache_creation_input_tokens")
_WRITE_BY_AGE = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
"""LangChain's names; it leaves ``cache_creation`` at 0 when it gives these."""
_REASONING = ("reasoning_tokens", "reasoning", "priority_reasoning", "flex_reasoning")
_AUDIO = ("audio_tokens", "audio")

_TIERS = ("priority", "flex")
_USUAL_TIERS = frozenset({"", "auto", "default", "standard", "standard_only"})


def to_usage(
    counts: Usage | Counts | None, *, cached_apart: bool = False, tier: object = None
) -> Usage | None:
    """Return *counts* as a Usage, or None when they say nothing.

    A value that is not a whole number is left out rather than guessed.

    Args:
        counts: What OpenAI (chat, responses, transcriptions), Anthropic or LangSmith
            (``usage_metadata``) count.
        cached_apart: Cached tokens come on top of the input, as in Anthropic's API,
            and are added to it. Otherwise they are part of it, as in all others.
        tier: The answer's ``service_tier``, where the counts do not name one. A usual
            tier ("default", "standard") is None in the result.
    """
    if counts is None or isinstance(counts, Usage):
        return counts
    if not isinstance(counts, Mapping):
        return None
    inside, outside = _mapping(counts, _INPUT_DETAILS), _mapping(counts, _OUTPUT_DETAILS)
    read = _either(inside, _READ, counts, _READ_BESIDE)
    write = _either(inside, _WRITE, counts, _WRITE_BESIDE)
    write = write or _by_age(inside, otherwise=write)
    given = _count(counts, _INPUT)
    found = (
        _added(given, read, write) if cached_apart else given,
        _count(counts, _OUTPUT),
        read,
        write,
        _either(outside, _REASONING, counts, ("reasoning_tokens",)),
        _either(inside, _AUDIO, counts, ("audio_input_tokens",)),
        _either(outside, _AUDIO, counts, ("audio_output_tokens",)),
    )
    if found == _NOTHING:
        return None
    return Usage(*found, _tier(counts, inside) or _unusual(tier))


def _tier(counts: Counts, inside: Counts) -> str | None:
    for tier in _TIERS:
        if inside.get(tier) is not None:
            return tier
    return _unusual(counts.get("service_tier") or counts.get("tier"))


def _unusual(tier: object) -> str | None:
    return tier if isinstance(tier, str) and tier not in _USUAL_TIERS else None


def _added(given: int | None, read: int | None, write: int | None) -> int | None:
    return None if given is None else given + (read or 0) + (write or 0)


def _by_age(details: Counts, *, otherwise: int | None) -> int | None:
    if not details:
        return otherwise
    found = [count for name in _WRITE_BY_AGE if (count := _count(details, (name,))) is not None]
    return sum(found) if found else otherwise


def _either(details: Counts, names: Names, counts: Counts, beside: Names) -> int | None:
    found = _count(details, names) if details else None
    return _count(counts, beside) if found is None else found


def _count(counts: Counts, names: Names) -> int | None:
    for name in names:
        value = counts.get(name)
        if type(value) is int and value >= 0:  # a bool is no count
            return value
    return None


def _mapping(counts: Counts, names: Names) -> Counts:
    for name in names:
        value = counts.get(name)
        if value is not None and isinstance(value, Mapping):
            return value
    return _EMPTY


_EMPTY: Counts = {}
_NOTHING = (None,) * 7
