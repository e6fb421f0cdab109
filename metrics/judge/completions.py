"""Completions as JSON, as the cache and recordings keep them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from evalhub.llm.client import Completion, TokenLogprob
from evalhub.model import Usage

__all__ = ["completion_from", "completion_to"]

_USAGE = frozenset(Usage.__dataclass_fields__)


def completion_to(completion: Completion) -> dict[str, Any]:
    """Return *completion* as plain JSON values; what is not known is left out."""
    usage = {} if completion.usage is None else _known(asdict(completion.usage))
    logprobs = completion.logprobs and [asdict(item) for item in completion.logprobs]
    kept = {
        "model": completion.model,
        "completion": completion.text,
        "finish_reason": completion.finish_reason,
        "usage": usage or None,
        "logprobs": logprobs,
        "without": list(completion.without) or None,
    }
    return _known(kept)


def completion_from(kept: Mapping[str, Any]) -> Completion:
    """Return the completion that :func:`completion_to` made *kept* of, marked as cached.

    Raises:
        TypeError: a value is of another type.
        ValueError: its logprobs cannot be read.
    """
    text = kept.get("completion")
    if not isinstance(text, str):
        raise TypeError(f"'completion' is {text!r}, not a text")
    return Completion(
        text=text,
        model=_text(kept, "model") or "",
        finish_reason=_text(kept, "finish_reason"),
        usage=_usage(kept.get("usage")),
        logprobs=_logprobs(kept.get("logprobs")),
        cached=True,
        without=tuple(str(name) for name in kept.get("without") or ()),
    )


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _text(kept: Mapping[str, Any], key: str) -> str | None:
    value = kept.get(key)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{key!r} is {value!r}, not a text")
    return value


def _usage(value: object) -> Usage | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError(f"'usage' is {value!r}, not an object")
    return Usage(**{key: item for key, item in value.items() if key in _USAGE})


def _logprobs(value: object) -> tuple[TokenLogprob, ...] | None:
    if value is None:
        return None
    try:
        return tuple(_token(item) for item in _items(value))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"'logprobs' cannot be read: {error!r}") from error


def _token(item: Mapping[str, Any]) -> TokenLogprob:
    top = tuple((str(token), float(logprob)) for token, logprob in item.get("top", ()))
    return TokenLogprob(str(item["token"]), float(item["logprob"]), top)


def _items(value: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value
