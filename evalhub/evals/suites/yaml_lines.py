"""YAML that remembers in which file, on which line and in which column each value stands."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from evalhub.errors import SuiteError
from evalhub.evals.suites.yaml_core import CoreLoader

__all__ = ["LinedYaml", "Loc", "Place", "Places", "parse_yaml"]

Loc = tuple[str | int, ...]
"""Where a value lies in a document: keys of mappings and indexes of lists."""

_MERGE = "tag:yaml.org,2002:merge"
_TAB = "found character '\\t' that cannot start any token"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; lines and columns are counted from 1."""

    path: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


Places = Mapping[Loc, Place]


@dataclass(frozen=True, slots=True)
class LinedYaml:
    """A parsed file: its value, and the place of every part of it."""

    path: Path
    value: Any
    places: Places
    plain: frozenset[Loc] = frozenset()
    """Texts that stand there without quotes."""
    written: Mapping[Loc, str] = field(default_factory=dict)
    """What the file says where environment variables were put in; it holds no secret."""
    files: tuple[Path, ...] = ()
    """Every file that this was read from."""

    def place(self, loc: Loc) -> Place | None:
        """Return where the value at *loc* stands, or the nearest part around it.

        None where there is no file.
        """
        while loc and loc not in self.places:
            loc = loc[:-1]
        return self.places.get(loc)

    def error(self, message: str, *loc: str | int) -> SuiteError:
        """Return the error that *message* is true of the value at *loc*."""
        place = self.place(loc)
        return SuiteError(message if place is None else f"{place}: {message}")


def parse_yaml(path: Path) -> LinedYaml:
    """Read the YAML file at *path*; of one that ends in ``.json``, the JSON.

    Raises:
        SuiteError: there is no such file, it is not what it is called, or a key is there twice.
    """
    text = _read(path)
    if path.suffix.lower() == ".json":
        return _parse_json(path, text)
    try:
        loader = CoreLoader(text)
    except ReaderError as error:
        place = _place_at(path, text, error.position)
        character = f"U+{ord(text[error.position]):04X}"
        raise SuiteError(f"{place}: not YAML: take out the character {character}") from None
    try:
        node = loader.get_single_node()
        if node is None:
            return LinedYaml(path, None, {(): Place(path, 1, 1)}, files=(path,))
        walk = _Walk(path)
        walk.visit(node, ())
        # After the walk: the constructor puts merged keys into the nodes.
        value = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise SuiteError(f"{_mark(path, error)}: not YAML: {_problem(error, text)}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SuiteError(f"{path}:1:1: not YAML: {_one_line(error)}") from None
    except RecursionError:
        raise SuiteError(f"{path}:1:1: lists and mappings lie too deep in each other") from None
    finally:
        loader.dispose()
    return LinedYaml(path, value, walk.places, frozenset(walk.plain), files=(path,))


def _parse_json(path: Path, text: str) -> LinedYaml:
    # Not as YAML, which refuses tabs and takes an escaped emoji for two halves.
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise SuiteError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
    except RecursionError:
        raise SuiteError(f"{path}:1:1: lists and mappings lie too deep in each other") from None
    return LinedYaml(path, value, _places_in_json(path, text), files=(path,))


def _places_in_json(path: Path, text: str) -> Places:
    walk = _Walk(path)
    try:
        node = yaml.compose(text, CoreLoader)
    except (yaml.YAMLError, RecursionError):
        node = None
    if node is None:  # then only its beginning is known
        return {(): Place(path, 1, 1)}
    walk.visit(node, ())
    return walk.places


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SuiteError(f"there is no suite file {path}; check the path") from None
    except UnicodeDecodeError as error:
        raise SuiteError(f"{path} is not UTF-8 ({error.reason}); save it as UTF-8") from None
    except OSError as error:
        raise SuiteError(f"cannot read {path}: {error.strerror}") from error


def _place_at(path: Path, text: str, position: int) -> Place:
    before = text[:position].split("\n")
    return Place(path, len(before), len(before[-1]) + 1)


def _mark(path: Path, error: yaml.MarkedYAMLError) -> Place:
    mark = error.problem_mark or error.context_mark
    return Place(path, 1, 1) if mark is None else Place(path, mark.line + 1, mark.column + 1)


def _problem(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    if mark is not None and "${" in "".join(text.splitlines()[mark.line : mark.line + 1]):
        return "put what holds ${...} in quotes, where it stands between { } or [ ]"
    problem = error.problem or error.context or "it cannot be read"
    if problem == _TAB:
        return "a tab stands where spaces must; indent with spaces"
    return problem


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


@dataclass(slots=True)
class _Walk:
    """One pass over the nodes of a file, for their places."""

    path: Path
    places: dict[Loc, Place] = field(default_factory=dict)
    plain: set[Loc] = field(default_factory=set)
    _open: list[yaml.Node] = field(default_factory=list)

    def visit(self, node: yaml.Node, loc: Loc) -> None:
        """Note the places of *node*, which lies at *loc*, and of all in it."""
        self.places.setdefault(loc, self._place(node))
        if isinstance(node, yaml.ScalarNode):
            if node.style is None:
                self.plain.add(loc)
            return
        if any(node is parent for parent in self._open):
            raise SuiteError(f"{self._place(node)}: the anchor holds itself; write it out")
        self._open.append(node)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.visit(item, (*loc, index))
        else:
            self._mapping(node, loc)
        self._open.pop()

    def _mapping(self, node: yaml.Node, loc: Loc) -> None:
        seen: dict[str, Place] = {}
        for key, item in _pairs(node):
            here, name = self._place(key), str(key.value)
            if name in seen:
                # YAML would silently take the last one.
                raise SuiteError(
                    f"{here}: {name!r} is also on line {seen[name].line}; keep one of them"
                )
            seen[name] = here
            # The key's place: a mapping's value starts on the next line.
            self.places[(*loc, name)] = here
            self.visit(item, (*loc, name))
        for merged in _merged(node):
            self._merge(merged, loc)

    def _merge(self, node: yaml.Node, loc: Loc) -> None:
        """Note the places of what ``<<`` brings in; the mapping's own keys come first."""
        inner = _Walk(self.path, _open=self._open)
        inner.visit(node, loc)
        own = {where[len(loc)] for where in self.places if _is_below(where, loc)}
        for where, place in inner.places.items():
            if len(where) > len(loc) and where[len(loc)] not in own:
                self.places[where] = place
                self.plain |= {where} & inner.plain

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.path, node.start_mark.line + 1, node.start_mark.column + 1)


def _pairs(node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    yield from ((key, item) for key, item in node.value if key.tag != _MERGE)


def _merged(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield the mappings that ``<<`` names, the one that counts first."""
    for key, item in node.value:
        if key.tag == _MERGE:
            yield from item.value if isinstance(item, yaml.SequenceNode) else (item,)


def _is_below(loc: Loc, parent: Loc) -> bool:
    return len(loc) > len(parent) and loc[: len(parent)] == parent
