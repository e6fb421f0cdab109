"""Attributes of an OpenTelemetry span, read one by one with their types checked.

What is read is taken out; what stays, because nobody knows its name or its value has another type
than the convention says, is kept in the span's own attributes.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from evalhub.tracing.encode import decode

__all__ = ["Attributes", "Findings", "clean_text", "parsed", "unflatten"]

T = TypeVar("T")
_MAX_DEPTH = 20
_LARGEST = sys.float_info.max


@dataclass(slots=True)
class Findings:
    """What the dialects found so far; None where none of them said anything."""

    dialects: list[str] = field(default_factory=list)
    kind: str | None = None
    model: str | None = None
    provider: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    project: str | None = None
    tags: list[str] | None = None
    inputs: Any = None
    outputs: Any = None
    first_token_s: float | None = None
    """Seconds from the start to the first token."""
    counts: dict[str, int] = field(default_factory=dict)
    """Token counts by the names of :class:`~evalhub.model.Usage`."""
    metadata: dict[str, Any] = field(default_factory=dict)

    def offer(self, name: str, read: Callable[..., object], *keys: str) -> None:
        """Read *keys* for the field *name* unless it is known already."""
        if getattr(self, name) is None:
            setattr(self, name, read(*keys))

    def count(self, name: str, attributes: "Attributes", *keys: str) -> None:
        """Read the token count *name* from the first of *keys* that has one."""
        if name not in self.counts:
            value = attributes.count(*keys)
            if value is not None:
                self.counts[name] = value

    def note(self, name: str, value: object) -> None:
        """Add *value* to the metadata unless it is None or *name* is there."""
        if value is not None:
            self.metadata.setdefault(name, value)


class Attributes:
    """A span's attributes; :attr:`left` holds those that nobody has taken."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.left: dict[str, Any] = {str(key): value for key, value in values.items()}

    def __contains__(self, key: str) -> bool:
        return key in self.left

    def has(self, prefix: str) -> bool:
        """Tell whether any name starts with *prefix*."""
        return any(key.startswith(prefix) for key in self.left)

    def text(self, *keys: str) -> str | None:
        """Take the first of *keys* that holds text; numbers are not text."""
        return self._take(keys, _as_text)

    def count(self, *keys: str) -> int | None:
        """Take the first of *keys* that holds a whole number from 0."""
        return self._take(keys, _as_count)

    def number(self, *keys: str) -> float | None:
        """Take the first of *keys* that holds a finite number."""
        return self._take(keys, _as_number)

    def texts(self, *keys: str) -> list[str] | None:
        """Take the first of *keys* that holds a list of texts."""
        return self._take(keys, _as_texts)

    def value(self, *keys: str) -> Any:
        """Take the first of *keys* that is there; text that is a JSON object or list is read."""
        return self._take(keys, parsed)

    def listed(self, prefix: str) -> list[Any] | None:
        """Take the list below *prefix*: ``{"0.role": x}`` is ``[{"role": x}]``.

        What is no list is left where it is.
        """
        below = f"{prefix}."
        found = [key for key in self.left if key.startswith(below)]
        items = unflatten({key[len(below) :]: self.left[key] for key in found})
        if not isinstance(items, list):
            return None
        for key in found:
            del self.left[key]
        return items

    def _take(self, keys: tuple[str, ...], read: Callable[[Any], T | None]) -> T | None:
        for key in keys:
            value = read(self.left.get(key))
            if value is not None:
                del self.left[key]
                return value
        return None


def unflatten(flat: Mapping[str, Any]) -> Any:
    """Return the lists and objects that dotted names spell; None when there are none.

    A name that is both a value and an object keeps its value under the empty name.
    """
    if not flat:
        return None
    tree = _Branch({})
    for name, value in flat.items():
        *path, last = name.split(".", _MAX_DEPTH)
        node: dict[str, Any] = tree
        for part in path:
            below = node.setdefault(part, {})
            if not isinstance(below, _Branch):
                below = node[part] = _Branch(below)
            node = below
        if isinstance(node.get(last), _Branch):
            node[last][""] = value
        else:
            node[last] = value
    return _listed(tree)


def parsed(value: Any) -> Any:
    """Return what *value* holds: JSON text as what it says, all else as it is."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return decode(value.encode())
    except ValueError:
        return value


def clean_text(value: object) -> str:
    """Return *value* as text that every store can hold: UTF-8 without NUL."""
    text = value if isinstance(value, str) else str(value)
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "")


class _Branch(dict[str, Any]):
    """An object in the making, told from a value that is a mapping."""

    def __init__(self, value: Any) -> None:
        super().__init__({} if value == {} else {"": value})


def _listed(node: Any) -> Any:
    if not isinstance(node, _Branch):
        return node
    plain = {key: _listed(value) for key, value in node.items()}
    if plain and all(key.isdecimal() and key.isascii() for key in plain):
        return [plain[key] for key in sorted(plain, key=lambda key: (len(key), key))]
    return plain


def _as_text(value: Any) -> str | None:
    return clean_text(value) if isinstance(value, str) and value else None


def _as_count(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value < 2**63 else None


def _as_number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) <= _LARGEST else None


def _as_texts(value: Any) -> list[str] | None:
    value = parsed(value)
    if isinstance(value, list | tuple) and value and all(isinstance(item, str) for item in value):
        return [clean_text(item) for item in value]
    return None
