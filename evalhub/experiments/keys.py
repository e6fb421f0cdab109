"""Names as MLflow takes them: letters, digits, ``_``, ``.``, ``-``, spaces and single slashes."""

import hashlib
import posixpath
import re
from collections.abc import Iterable, Sequence

__all__ = [
    "COUNTS",
    "ENDS",
    "clean_key",
    "cut_value",
    "metric_keys",
    "slice_keys",
    "unique_keys",
]

ENDS = ("stderr", "lower", "upper")
COUNTS = ("n", "errored", "unparsed", "skipped")

_LONGEST = 180
"""Of MLflow's 250 characters, so that prefixes and endings still fit."""
_LONGEST_OF_SLICE = 230
_MARK = "... [cut]"


def metric_keys(names: Sequence[str]) -> dict[str, str]:
    """Return what MLflow calls each metric: no two share a key, or one with an ending."""
    return _keys_apart(names, _LONGEST, set())


def slice_keys(names: Iterable[str], *, taken: Iterable[str]) -> dict[str, str]:
    """Return a key for each of *names*, which are of metrics in slices, as :func:`metric_keys`.

    None of them, with any ending, is among those *taken*.
    """
    return _keys_apart(names, _LONGEST_OF_SLICE, set(taken))


def _keys_apart(names: Iterable[str], longest: int, taken: set[str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for name in names:
        key = clean_key(name, longest=longest)
        while taken & _all_of(key):
            key += "_"
        taken |= _all_of(key)
        keys[name] = key
    return keys


def unique_keys(names: Iterable[str]) -> dict[str, str]:
    """Return a key for each of *names*, all different."""
    keys: dict[str, str] = {}
    for name in names:
        key = clean_key(name)
        while key in keys.values():
            key += "_"
        keys[name] = key
    return keys


def clean_key(name: str, *, longest: int = _LONGEST) -> str:
    """Return *name* with ``_`` for what MLflow refuses; a long one is cut, and ends in a hash."""
    key = re.sub(r"[^\w.\- /]", "_", name)
    if posixpath.normpath(key) != key or key.startswith((".", "/")):
        key = re.sub(r"^\.+", "_", key.replace("/", "_")) or "_"
    if len(key) <= longest:
        return key
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:8]
    return f"{key[: longest - 9]}_{digest}"


def cut_value(text: str, longest: int) -> str:
    """Return *text* in at most *longest* characters; a cut one ends in ``... [cut]``."""
    # PostgreSQL takes no NUL, and nothing that is sent takes half a surrogate pair.
    clean = text.replace("\0", "�").encode(errors="replace").decode()
    return clean if len(clean) <= longest else clean[: longest - len(_MARK)] + _MARK


def _all_of(key: str) -> set[str]:
    return {key, *(f"{key}_{ending}" for ending in (*ENDS, *COUNTS))}
