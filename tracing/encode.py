"""JSON of anything: what traced calls were given and what they returned.

Payloads are encoded on the caller's thread, so a list that is changed after the
call is recorded as it was. Nothing here raises, consumes an iterator, or keeps
a reference to the value. NaN and infinities become null, as JSON has neither.
"""

import importlib
import reprlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from os import PathLike
from typing import Any

__all__ = ["DEFAULT_LIMIT", "cut", "decode", "encode", "short_repr"]

DEFAULT_LIMIT = 1_000_000
"""Bytes of one payload that are kept."""

_ARRAY_ITEMS = 1_000
_MAX_DEPTH = 50
_MAX_NODES = 100_000
_MAX_KEPT_INT = 2**63

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = 300
_repr.maxlist = _repr.maxtuple = _repr.maxdict = _repr.maxset = _repr.maxdeque = 20

_dumps: Callable[..., bytes] | None = None
_loads: Callable[..., Any]


def encode(value: object, limit: int = DEFAULT_LIMIT) -> bytes:
    """Return *value* as JSON, cut to about *limit* bytes."""
    try:
        payload = (_dumps or _load())(value, _default)
    except Exception:  # noqa: BLE001 - anything may be raised by the value
        payload = _encode_slowly(value)
    return payload if len(payload) <= limit else cut(payload, limit)


def decode(payload: bytes) -> Any:
    """Return the value of JSON that :func:`encode` made."""
    if _dumps is None:
        _load()
    return _loads(payload)


def cut(payload: bytes, limit: int) -> bytes:
    """Return a JSON object with the first part of *payload* and how much was cut.

    Its keys are ``truncated`` (a sentence), ``bytes`` (the size it had) and ``start``.
    """
    kept = max(limit // 2, 1)  # escaping at most doubles it
    start = payload[:kept].decode("utf-8", "ignore")
    mark = f"kept the first {kept} of {len(payload)} bytes"
    return (_dumps or _load())({"truncated": mark, "bytes": len(payload), "start": start})


def short_repr(value: object) -> str:
    """Return a repr of at most a few hundred characters; never raises."""
    try:
        text = _repr.repr(value)
    except Exception as error:  # noqa: BLE001 - anything may be raised by the value
        text = f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"
    return _clean(text)


def _load() -> Callable[..., bytes]:
    # Imported at the first traced call: `import evalhub.tracing` loads no third party.
    global _dumps, _loads  # noqa: PLW0603 - a module imported once, and read in the hot path
    orjson = importlib.import_module("orjson")
    _loads = orjson.loads
    _dumps = orjson.dumps
    return orjson.dumps  # type: ignore[no-any-return]  # import_module is untyped


def _encode_slowly(value: object) -> bytes:
    """Encode what orjson refused: odd keys, cycles, huge ints, lone surrogates."""
    try:
        return (_dumps or _load())(_Simplifier().simplify(value), short_repr)
    except Exception:  # noqa: BLE001 - anything may be raised by the value
        return (_dumps or _load())(short_repr(value))


def _default(value: Any) -> object:
    """Return something that orjson can encode in place of *value*."""
    try:
        return _known(value)
    except Exception:  # noqa: BLE001 - anything may be raised by the value
        return short_repr(value)


def _known(value: Any) -> object:
    kind = type(value)
    if isinstance(value, tuple):
        return value._asdict() if hasattr(value, "_asdict") else list(value)
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, PathLike | Decimal):
        return str(value)
    return _foreign(value, kind)


def _foreign(value: Any, kind: type) -> object:
    if callable(getattr(kind, "model_dump", None)):  # on the class: a Mock has it on the object
        return value.model_dump(mode="json", warnings=False)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{kind.__name__}, {len(value)} long> {short_repr(bytes(value[:100]))}"
    if kind.__module__ == "numpy":
        return _numpy(value)
    return short_repr(value)


def _numpy(value: Any) -> object:
    if value.size > _ARRAY_ITEMS:
        return f"<numpy.{type(value).__name__} shape={value.shape} dtype={value.dtype}>"
    plain = value.tolist()
    return short_repr(value) if type(plain) is type(value) else plain


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


class _Simplifier:
    """Copies a value into plain JSON types, within bounds of depth and size."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._nodes = 0

    def simplify(self, value: Any, depth: int = 0) -> object:
        self._nodes += 1
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, str):
            return _clean(value)
        if isinstance(value, int):
            return value if -_MAX_KEPT_INT <= value < _MAX_KEPT_INT else _big(value)
        if depth >= _MAX_DEPTH or self._nodes > _MAX_NODES:
            return f"<{type(value).__name__} cut here: the payload is too deep or too large>"
        if id(value) in self._open:
            return f"<{type(value).__name__} that holds itself>"
        self._open.add(id(value))
        try:
            return self._container(value, depth + 1)
        finally:
            self._open.discard(id(value))

    def _container(self, value: Any, depth: int) -> object:
        if isinstance(value, dict):
            return {
                _clean(key) if isinstance(key, str) else short_repr(key): self.simplify(item, depth)
                for key, item in list(value.items())
            }
        if isinstance(value, list | tuple):
            return [self.simplify(item, depth) for item in list(value)]
        plain: object = _dataclass_fields(value)
        if plain is None:
            plain = _default(value)
        if isinstance(plain, Mapping | list):
            return self.simplify(plain, depth)
        return _clean(plain) if isinstance(plain, str) else plain


def _dataclass_fields(value: Any) -> dict[str, object] | None:
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is None:
        return None
    return {name: getattr(value, name, None) for name in fields}


def _big(value: int) -> str:
    digits = value.bit_length() * 3 // 10
    return str(value) if digits < 1_000 else f"<int of about {digits} digits>"
