"""Canaries on disk: JSON lines, the first of them about the judge.

::

    {"canaries": 1, "signature": "rubric|...|v:1"}
    {"id": "7", "grade": 4.0, "columns": {"outputs": "...", "inputs": {"question": "..."}}}
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evalhub.errors import ConfigError
from evalhub.metrics.judge.canary import CanaryItem, CanarySet

__all__ = ["load_canaries", "save_canaries"]

_Row = TypeVar("_Row", bound=BaseModel)
_STRICT = ConfigDict(extra="forbid", frozen=True)


class _Head(BaseModel):
    model_config = _STRICT

    canaries: Literal[1] = 1
    signature: str


class _Item(BaseModel):
    model_config = _STRICT

    id: Annotated[str, Field(min_length=1)]
    grade: float | None
    columns: Mapping[str, Any]


def save_canaries(path: str | Path, canaries: CanarySet) -> None:
    """Write *canaries* to *path*.

    Raises:
        ConfigError: the file cannot be written.
    """
    head = _Head(signature=canaries.signature)
    items = [_Item(id=item.id, grade=item.grade, columns=item.columns) for item in canaries.items]
    lines = [row.model_dump_json() + "\n" for row in (head, *items)]
    try:
        Path(path).write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write the canaries {path}: {error.strerror}") from error


def load_canaries(path: str | Path) -> CanarySet:
    """Return the canaries in the file *path*.

    Raises:
        ConfigError: the file cannot be read, or a line is wrong; the message names it.
    """
    rows = _read(Path(path))
    first = next(rows, None)
    if first is None:
        raise ConfigError(f"{path} is empty; make canaries with evalhub judge canary record")
    head = _checked(_Head, *first)
    items = [_checked(_Item, *row) for row in rows]
    if not items:
        raise ConfigError(f"{path} has no canary; make some with evalhub judge canary record")
    return CanarySet(
        head.signature,
        tuple(CanaryItem(item.id, item.columns, item.grade) for item in items),
    )


def _read(path: Path) -> Iterator[tuple[str, object]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the canaries {path}: {error}") from error
    # Not splitlines: it splits at characters that JSON leaves as they are in texts.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield f"{path}:{number}", orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise ConfigError(f"{path}:{number}: not JSON: {error.msg}") from None


def _checked(model: type[_Row], where: str, row: object) -> _Row:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the line"
        raise ConfigError(f"{where}: {place}: {first['msg']}") from None
