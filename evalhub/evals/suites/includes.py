"""Suite files that include others."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalhub.evals.suites.environment import put_environment
from evalhub.evals.suites.yaml_lines import LinedYaml, Loc, parse_yaml

__all__ = ["INCLUDE", "read_document"]

INCLUDE = "include"
"""The key under which files are included."""


def read_document(path: Path, environ: Mapping[str, str] | None = None) -> LinedYaml:
    """Read *path* and what it includes, as one document.

    Mappings are merged at every depth, everything else is replaced; a later file wins over
    an earlier one, and the including file over all. Null takes away what was included.

    Raises:
        SuiteError: a file cannot be read or is no mapping, a file includes itself, or a
            variable is not set; names file, line and column.
    """
    return _read(path, environ, ())


def _read(path: Path, environ: Mapping[str, str] | None, outer: tuple[Path, ...]) -> LinedYaml:
    document = put_environment(parse_yaml(path), environ)
    if not isinstance(document.value, dict):
        raise document.error("a suite is a mapping with name, dataset, targets, metrics")
    open_files = (*outer, path.resolve())
    merged: LinedYaml | None = None
    for loc, name in _names(document):
        inner = path.parent / name
        if inner.resolve() in open_files:
            raise document.error(f"{name!r} includes itself; take it out", *loc)
        if not inner.is_file():
            raise document.error(f"there is no file {inner} to include", *loc)
        read = _read(inner, environ, open_files)
        merged = read if merged is None else _merged(merged, read)
    return document if merged is None else _merged(merged, document)


def _names(document: LinedYaml) -> list[tuple[Loc, str]]:
    """Return the files to include, and where each is named."""
    given = document.value.get(INCLUDE, [])
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise document.error(f"include must be a list of files, not {given!r}", INCLUDE)
    return [((INCLUDE, index), name) for index, name in enumerate(names)]


def _merged(base: LinedYaml, over: LinedYaml) -> LinedYaml:
    """Return *base* with *over* laid on it."""
    laid = _Laid(base, over)
    value = laid.mapping(base.value, over.value, ())
    return replace(
        over,
        value=value,
        places=laid.places,
        plain=frozenset(laid.plain),
        written=laid.written,
        files=tuple(dict.fromkeys((*over.files, *base.files))),
    )


class _Laid:
    """One document laid on another."""

    def __init__(self, base: LinedYaml, over: LinedYaml) -> None:
        self._over = over
        self.places = dict(base.places)
        self.plain = set(base.plain)
        self.written = dict(base.written)
        self.places[()] = over.places[()]

    def mapping(self, base: Mapping[Any, Any], over: Mapping[Any, Any], loc: Loc) -> dict[Any, Any]:
        """Return the mapping at *loc*."""
        merged = dict(base)
        for key, value in over.items():
            here = (*loc, str(key))
            if isinstance(value, dict) and isinstance(base.get(key), dict):
                self._take(here, depth=0)
                merged[key] = self.mapping(base[key], value, here)
                continue
            self._drop(here)
            if value is None and key in base:
                del merged[key]
                continue
            self._take(here)
            merged[key] = value
        return merged

    def _drop(self, loc: Loc) -> None:
        """Forget all that was known of *loc* and what lies in it."""
        self.places = {at: place for at, place in self.places.items() if not _is_in(at, loc)}
        self.written = {at: text for at, text in self.written.items() if not _is_in(at, loc)}
        self.plain = {at for at in self.plain if not _is_in(at, loc)}

    def _take(self, loc: Loc, depth: int | None = None) -> None:
        """Take over what is known of *loc* and, unless *depth* is 0, of what lies in it."""

        def is_taken(at: Loc) -> bool:
            return at == loc if depth == 0 else _is_in(at, loc)

        over = self._over
        self.places |= {at: place for at, place in over.places.items() if is_taken(at)}
        self.written |= {at: text for at, text in over.written.items() if is_taken(at)}
        self.plain |= {at for at in over.plain if is_taken(at)}


def _is_in(loc: Loc, outer: Loc) -> bool:
    return loc[: len(outer)] == outer
