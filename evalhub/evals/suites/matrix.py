"""Targets that a matrix multiplies: ``${matrix.model}`` stands for each model in turn."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import PurePath
from typing import Any

from evalhub.evals.suites.environment import MATRIX, at, put, texts
from evalhub.evals.suites.explain import nearest
from evalhub.evals.suites.yaml_lines import LinedYaml, Loc

__all__ = ["Variant", "Variants", "expand_matrix"]

_AXIS = re.compile(r"\$\{matrix\.([\w-]+)\}")
_FILES = frozenset({".j2", ".jinja", ".jinja2", ".json", ".jsonl", ".md", ".txt", ".yaml", ".yml"})
"""What a name need not repeat of a file, where the rest tells files apart."""

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Variant:
    """One cell of the matrix, as a target."""

    group: str
    """What the file calls the target that was multiplied."""
    values: Mapping[str, str] = field(default_factory=dict)
    """The value of each axis that it uses."""


Variants = Mapping[str, Variant]


def expand_matrix(document: LinedYaml) -> tuple[LinedYaml, Variants]:
    """Return *document* with a target for each cell of its matrix, and what each one is.

    A target is multiplied by the axes that it names, and is called
    ``NAME[axis=value,...]``; one that names none stays as it is.

    Raises:
        SuiteError: the matrix is no mapping of lists, an axis is unknown or used nowhere;
            names file, line and column.
    """
    axes = _axes(document)
    _check_places(document, axes)
    targets = document.value.get("targets")
    if not axes or not isinstance(targets, dict):
        return document, {}
    made, variants = document, dict[str, Variant]()
    expanded: dict[Any, Any] = {}
    for name, spec in targets.items():
        used = [axis for axis in axes if axis in _names_in(spec)]
        if not used:
            expanded[name] = spec
            continue
        for cell in product(*(axes[axis] for axis in used)):
            values = dict(zip(used, cell, strict=True))
            full = _full_name(name, {axis: _label(axes[axis], values[axis]) for axis in used})
            if full in targets or full in expanded:
                raise document.error(f"there are two targets called {full!r}", "targets", name)
            expanded[full] = _filled(spec, values)
            variants[full] = Variant(str(name), {axis: str(values[axis]) for axis in used})
            made = _with_places_of(made, ("targets", str(name)), ("targets", full))
    value = {**document.value, "targets": expanded}
    return replace(made, value=value), variants


def _axes(document: LinedYaml) -> dict[str, list[Value]]:
    matrix = document.value.get("matrix", {})
    if not isinstance(matrix, dict):
        raise document.error(f"matrix must be a mapping of lists, not {matrix!r}", "matrix")
    for axis, values in matrix.items():
        if not isinstance(values, list) or not values:
            raise document.error(
                f"matrix.{axis} must be a list of values, not {values!r}", "matrix", str(axis)
            )
        for index, item in enumerate(values):
            if not isinstance(item, Value):
                raise document.error(
                    f"matrix.{axis} holds {item!r}; use texts and numbers",
                    "matrix",
                    str(axis),
                    index,
                )
            # 1, 1.0 and true are equal, and three values all the same.
            if any(type(other) is type(item) and other == item for other in values[:index]):
                raise document.error(
                    f"matrix.{axis} holds {item!r} twice", "matrix", str(axis), index
                )
    return {str(axis): values for axis, values in matrix.items()}


def _check_places(document: LinedYaml, axes: Mapping[str, Any]) -> None:
    used: set[str] = set()
    for loc, text in texts(document.value):
        for axis in _AXIS.findall(text):
            if axis not in axes:
                raise document.error(
                    f"the matrix has no {axis!r}; {nearest(axis, list(axes))}", *loc
                )
            if loc[0] != "targets":
                raise document.error(f"${{{MATRIX}{axis}}} has a meaning in targets only", *loc)
            used.add(axis)
    for axis in axes:
        if axis not in used:
            raise document.error(f"no target uses ${{{MATRIX}{axis}}}", "matrix", axis)


def _names_in(spec: object) -> set[str]:
    return {axis for _, text in texts(spec) for axis in _AXIS.findall(text)}


def _filled(spec: Any, values: Mapping[str, Value]) -> Any:
    for loc, text in list(texts(spec)):
        whole = _AXIS.fullmatch(text)
        if whole is not None:
            spec = put(spec, loc, values[whole[1]])  # a number stays one
        elif _AXIS.search(text):
            spec = put(spec, loc, _AXIS.sub(lambda found: str(values[found[1]]), at(spec, loc)))
    return spec


def _full_name(name: object, labels: Mapping[str, str]) -> str:
    return f"{name}[{','.join(f'{axis}={label}' for axis, label in labels.items())}]"


def _label(values: Sequence[Value], value: Value) -> str:
    """Return what the target's name says of *value*: of a file its stem, if that is enough."""
    short = [_stem(str(item)) for item in values]
    is_enough = len(set(short)) == len(short)
    return _stem(str(value)) if is_enough else str(value)


def _stem(text: str) -> str:
    path = PurePath(text)
    return path.stem if path.suffix in _FILES else text


def _with_places_of(document: LinedYaml, old: Loc, new: Loc) -> LinedYaml:
    """Return *document* where what is known of *old* is known of *new* as well."""

    def moved(locs: Iterator[Loc]) -> dict[Loc, Loc]:
        return {(*new, *loc[len(old) :]): loc for loc in locs if loc[: len(old)] == old}

    places = {loc: document.places[was] for loc, was in moved(iter(document.places)).items()}
    written = {loc: document.written[was] for loc, was in moved(iter(document.written)).items()}
    return replace(
        document,
        places={**document.places, **places},
        plain=document.plain | set(moved(iter(document.plain))),
        written={**document.written, **written},
    )
