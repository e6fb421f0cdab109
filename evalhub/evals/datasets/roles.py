"""Make examples of rows: which column is the id, which the inputs."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from evalhub.errors import DatasetError
from evalhub.evals.datasets.spec import ROLES, DatasetSpec
from evalhub.evals.suites.explain import nearest
from evalhub.model import Example

__all__ = ["OWN_FORM", "RoleReader", "own_reader"]

OWN_FORM = frozenset({"id", "inputs", "references", "metadata", "cluster"})
"""Keys of a row that evalhub exported."""

_HASH_DIGITS = 16
_LISTS = ("relevant_ids", "expected_tool_calls", "contexts")
"""Columns that metrics read by these names."""


_BETWEEN_IDS = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class RoleReader:
    """Reads examples out of rows by the roles that a spec gives to columns.

    Args:
        spec: The roles.
        id_column: Column of the ids; None gives each row a hash of its content.
        reads_cells: Whether lists stand in cells as JSON, as in CSV.
    """

    spec: DatasetSpec
    id_column: str | None
    reads_cells: bool = False
    _lists: Mapping[str, str] = field(init=False, repr=False)
    """The columns that metadata has under a name that metrics know."""
    _columns: Mapping[str, None] = field(init=False, repr=False)
    """All columns that have a role, in the order of roles."""

    def __post_init__(self) -> None:
        given = {name: getattr(self.spec, name) for name in _LISTS}
        lists = {name: column for name, column in given.items() if column is not None}
        spec = self.spec
        roles = [self.id_column, *(spec.inputs or ()), *spec.reference_columns, spec.cluster]
        columns = dict.fromkeys(name for name in (*roles, *lists.values()) if name is not None)
        object.__setattr__(self, "_lists", lists)
        object.__setattr__(self, "_columns", columns)

    def example(self, row: Mapping[str, Any], where: str) -> Example:
        """Return the example in *row*; errors begin with *where*.

        Raises:
            DatasetError: a column is missing, or what is in it has the wrong type.
        """
        spec = self.spec
        for column in self._columns:
            if column not in row:
                raise DatasetError(f"{where}: no column {column!r}; {nearest(column, list(row))}")
        if self.id_column is None and "id" in row:
            raise DatasetError(f"{where}: has an 'id', and rows before it have none; give all one")
        cluster = None if spec.cluster is None else row[spec.cluster]
        return Example(
            id=_content_hash(row) if self.id_column is None else _id(row[self.id_column], where),
            inputs={name: row[name] for name in spec.inputs or ()},
            references=tuple(
                text for name in spec.reference_columns for text in _references(row[name])
            ),
            metadata=self._metadata(row, where),
            cluster=None if cluster in (None, "") else str(cluster),
        )

    def _metadata(self, row: Mapping[str, Any], where: str) -> dict[str, Any]:
        metadata = {name: value for name, value in row.items() if name not in self._columns}
        for name, column in self._lists.items():
            metadata[name] = self._list(name, row[column], where)
        for name in set(_LISTS) & set(metadata) - set(self._lists):  # it needs no mention
            if self.reads_cells or isinstance(metadata[name], str):
                metadata[name] = self._list(name, metadata[name], where)
        return metadata

    def _list(self, name: str, value: Any, where: str) -> Any:
        if self.reads_cells:
            value = _from_cell(value)
        if value is None or value == "":
            return None
        if isinstance(value, str) and name != "expected_tool_calls":
            return _BETWEEN_IDS.split(value.strip()) if name == "relevant_ids" else [value]
        if self.reads_cells and isinstance(value, str):
            raise DatasetError(f"{where}: {name} is {value!r}; write a JSON list in the cell")
        is_graded = name == "relevant_ids" and isinstance(value, Mapping)
        if not isinstance(value, list) and not is_graded:
            raise DatasetError(f"{where}: {name} is {value!r}; use a list")
        return value


def own_reader(spec: DatasetSpec) -> Callable[[Mapping[str, Any], str], Example]:
    """Return what makes examples of rows that evalhub exported, with where each stands.

    It raises :class:`DatasetError` where a row is of another form, or where *spec* gives roles
    to columns: a row of this form has them already.
    """
    given = [key for key in ROLES if getattr(spec, key) is not None]

    def read(row: Mapping[str, Any], where: str) -> Example:
        example = _own_example(row, where)
        if given:
            told = "was said when this was exported; leave it out"
            raise DatasetError(f"{where}: {given[0]!r} {told}")
        return example

    return read


def _own_example(row: Mapping[str, Any], where: str) -> Example:
    if set(row) != OWN_FORM:
        raise DatasetError(
            f"{where}: name the columns that the target is given under 'inputs'; "
            f"there are {', '.join(row)}"
        )
    for name, kind, said in (
        ("inputs", dict, "a mapping"),
        ("references", list, "a list"),
        ("metadata", dict, "a mapping"),
        ("cluster", str | None, "a text or null"),
    ):
        if not isinstance(row[name], kind):
            raise DatasetError(f"{where}: {name} is {row[name]!r}; use {said}")
    return Example(
        id=_id(row["id"], where),
        inputs=row["inputs"],
        references=tuple(_references(row["references"])),
        metadata=row["metadata"],
        cluster=row["cluster"],
    )


def _content_hash(row: Mapping[str, Any]) -> str:
    content = json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:_HASH_DIGITS]


def _id(value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise DatasetError(f"{where}: the id is {value!r}; use a text or a whole number")
    return str(value)


def _references(value: object) -> list[str]:
    """Return the reference texts; an empty one is none at all, and what is no text is JSON."""
    items: list[object] = value if isinstance(value, list) else [value]
    texts = (_as_text(item) for item in items if item is not None)
    return [text for text in texts if text.strip()]


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _from_cell(cell: Any) -> Any:
    """Return what is in a CSV cell that holds JSON, and any other cell as it is."""
    text = str(cell or "").strip()
    if not text.startswith(("[", "{")):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text  # one that begins with a bracket
