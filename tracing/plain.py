"""Values of any kind as plain JSON types, within bounds of depth and size.

It runs on the caller's thread for what orjson refuses: other objects, odd keys, cycles,
huge integers, lone surrogates. Containers are copied before they are looked at, so that
another thread may change them meanwhile.
"""

import reprlib
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from enum import Enum
from itertools import islice
from os import PathLike
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

__all__ = ["Simplifier", "short_repr"]

_ARRAY_ITEMS = 1_000
_MAX_DEPTH = 50
_MAX_NODES = 100_000
_MAX_KEPT_INT = 2**63
_MAX_REPR_CHARS = 300
_LEAVES = frozenset({type(None), bool, float, UUID})

_DESCRIBED = frozenset(
    {"cupy", "dask", "django", "jax", "jaxlib", "mlx", "pandas", "polars", "pyarrow", "pyspark"}
    | {"scipy", "tensorflow", "torch", "xarray"}
)
"""Packages whose ``repr`` may compute, copy from a GPU or ask a database."""
_LAZY = frozenset({"dask", "django", "pyspark"})


class _Repr(reprlib.Repr):
    """Keeps the start of what is long: a secret that was cut at both ends could not be found."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxdeque = 20

    def repr_str(self, x: str, level: int) -> str:
        return _start(repr(x[: _MAX_REPR_CHARS + 1]))

    def repr_int(self, x: int, level: int) -> str:
        return str(_big(x))

    def repr_instance(self, x: Any, level: int) -> str:
        return _start(repr(x))


_repr = _Repr()


def short_repr(value: object) -> str:
    """Return a repr of at most a few hundred characters; never raises."""
    try:
        text = _repr.repr(value)
    except Exception as error:  # noqa: BLE001 - anything may be raised by the value
        text = f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"
    return _clean(text)


class Simplifier:
    """Copies one value; *room* is how many characters of text it keeps.

    What pydantic says is JSON is trusted, unless *is_wary*: a lone surrogate may be in it.
    """

    def __init__(self, room: int, *, is_wary: bool = False) -> None:
        self._room = room
        self._is_wary = is_wary
        self._open: set[int] = set()
        self._nodes = 0
        self.unseen = 0
        """Bytes of text, and items, that were left out for lack of room."""

    def simplify(self, value: Any, depth: int = 0) -> object:
        """Return *value* in types that orjson can encode."""
        kind = type(value)
        if kind in _LEAVES:
            return value
        if kind is str:
            return self._text(value)
        if kind is int:
            return _big(value)
        return self._bounded(value, kind, depth)

    def _bounded(self, value: Any, kind: type, depth: int) -> object:
        self._nodes += 1
        if depth >= _MAX_DEPTH or self._nodes > _MAX_NODES:
            return f"<{kind.__name__} cut here: the payload is too deep or too large>"
        if id(value) in self._open:
            return f"<{kind.__name__} that holds itself>"
        self._open.add(id(value))
        try:
            return self._opened(value, kind, depth + 1)
        except Exception:  # noqa: BLE001 - anything may be raised by the value
            return short_repr(value)
        finally:
            self._open.discard(id(value))

    def _opened(self, value: Any, kind: type, depth: int) -> object:
        if isinstance(value, dict):
            return self._object(dict.items(value), len(value), depth)
        if isinstance(value, list):
            return self._array(list.__getitem__(value, slice(_MAX_NODES)), len(value), depth)
        if isinstance(value, tuple):
            as_dict = getattr(kind, "_asdict", None)  # a named tuple
            if as_dict is not None:
                return self.simplify(as_dict(value), depth)
            return self._array(tuple.__getitem__(value, slice(_MAX_NODES)), len(value), depth)
        plain, is_json = _plain(value, kind), False
        if type(plain) is _Json:
            plain, is_json = plain.value, not self._is_wary
        if isinstance(plain, dict | list) and not is_json:
            return self.simplify(plain, depth)
        return self._text(plain) if type(plain) is str else plain

    def _object(self, items: Any, size: int, depth: int) -> dict[str, object]:
        self.unseen += max(0, size - _MAX_NODES)
        return {
            self._text(key) if type(key) is str else _key(key): self.simplify(item, depth)
            for key, item in list(islice(items, _MAX_NODES))
        }

    def _array(self, items: Any, size: int, depth: int) -> list[object]:
        self.unseen += size - len(items)
        return [self.simplify(item, depth) for item in items]

    def _text(self, text: str) -> str:
        if len(text) > self._room:
            left_out = len(text) - self._room
            if not text.isascii():
                left_out = len(_clean(text[self._room :]).encode())
            self.unseen += left_out
            text = text[: self._room]
        self._room -= len(text)
        return _clean(text)


def _plain(value: Any, kind: type) -> object:
    """Return what stands for one object that is no plain container."""
    for kinds, converted in _STANDARD:
        if isinstance(value, kinds):
            return converted(value)
    return _foreign(value, kind)


def _bytes(value: Any) -> str:
    return f"<{type(value).__name__}, {len(value)} long> {short_repr(bytes(value[:100]))}"


_STANDARD: tuple[tuple[Any, Callable[[Any], object]], ...] = (
    (Enum, lambda value: value),  # orjson knows these
    (str, str.__str__),
    (int, lambda value: _big(int.__index__(value))),
    (set | frozenset, list),
    (date | time, lambda value: value.isoformat()),
    (PathLike | Decimal, str),
    (bytes | bytearray | memoryview, _bytes),
    (MappingProxyType, dict),
)
"""What becomes of objects of the standard library; the first that fits."""


def _foreign(value: Any, kind: type) -> object:
    """Return the fields of a record of any library, or the values of an array."""
    fields = _fields(value, kind)
    if fields is not None:
        return fields
    origin = _origin(kind)
    if origin == "numpy":
        return _array_values(value, kind, int(value.size))
    return _described(value, kind, origin) if origin else short_repr(value)


def _fields(value: Any, kind: type) -> object | None:
    # On the class: a Mock has every attribute on the object.
    if callable(getattr(kind, "model_dump", None)):
        return _dumped(value)
    if hasattr(kind, "__fields__") and callable(getattr(kind, "dict", None)):  # pydantic 1
        return dict(value.dict())
    names = getattr(kind, "__dataclass_fields__", None)
    if names is None:
        names = [field.name for field in getattr(kind, "__attrs_attrs__", ())] or None
    return names and {name: getattr(value, name, None) for name in names}


class _Json(NamedTuple):
    """A value made of JSON's types, which nobody else holds."""

    value: object


def _dumped(model: Any) -> object:
    """Return the fields of a pydantic *model*."""
    dump: Callable[..., object] = model.model_dump
    try:
        return _Json(dump(mode="json", warnings=False))
    except Exception:  # noqa: BLE001 - a field that pydantic cannot turn into JSON; ours can
        return dump(warnings=False)


def _origin(kind: type) -> str:
    """Return the package in whose class *kind* has its origin, if it is one with arrays."""
    for base in kind.__mro__:
        package = base.__module__.partition(".")[0]
        if package == "numpy" or package in _DESCRIBED:
            return package
    return ""


def _array_values(value: Any, kind: type, size: int) -> object:
    if size > _ARRAY_ITEMS:
        return f"<numpy.{kind.__name__} shape={value.shape} dtype={value.dtype}>"
    plain = value.tolist()
    return short_repr(value) if type(plain) is type(value) else plain


def _described(value: Any, kind: type, origin: str) -> object:
    """Return what can be said of an array or a lazy object without making it compute."""
    name = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    if origin in _LAZY or hasattr(kind, "forward"):  # a neural network's repr lists its layers
        return f"<{name}>"
    if not hasattr(kind, "shape"):
        return short_repr(value)
    if origin != "torch":
        return f"<{name} shape={value.shape}>"
    if value.device.type == "cpu" and value.numel() <= _ARRAY_ITEMS:
        return value.detach().tolist()
    return f"<{name} shape={tuple(value.shape)} dtype={value.dtype} device={value.device}>"


def _start(text: str) -> str:
    return text if len(text) <= _MAX_REPR_CHARS else f"{text[:_MAX_REPR_CHARS]}..."


def _key(key: Any) -> str:
    return _clean(str.__str__(key)) if isinstance(key, str) else short_repr(key)


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _big(value: int) -> int | str:
    if -_MAX_KEPT_INT <= value < _MAX_KEPT_INT:
        return value
    digits = value.bit_length() * 3 // 10
    return str(value) if digits < 1_000 else f"<int of about {digits} digits>"
