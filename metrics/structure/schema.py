"""JSON schemas: read from a setting or a file, checked, and applied without the network."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.errors import MetricError

__all__ = ["Schema", "SchemaSource", "TooDeepError", "make_schema", "read_source"]

SchemaSource = Mapping[str, Any] | str
"""A schema as it is, or the path of a JSON file that holds it."""

_MESSAGE_CHARACTERS = 200


class TooDeepError(Exception):
    """A value cannot be held to a schema: one of them is nested too deeply, or without end."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON schema that values can be held to."""

    validator: Any
    """A validator of ``jsonschema``."""
    fingerprint: str
    """Eight hexadecimal digits over the schema."""

    def __reduce__(self) -> tuple[object, ...]:
        # The registry holds functions that cannot be pickled.
        return make_schema, (self.validator.schema,)

    def first_error(self, value: object) -> str | None:
        """Return where and why *value* breaks the schema first, None where it does not.

        Raises:
            MetricError: the schema refers to another that is not in it.
            TooDeepError: the check does not come to an end.
        """
        best_match = require("jsonschema.exceptions", extra="metrics").best_match
        unresolvable = require("referencing.exceptions", extra="metrics").Unresolvable
        try:
            error = best_match(self.validator.iter_errors(value))
        except RecursionError:
            raise TooDeepError("output and schema are nested too deeply to be checked") from None
        except unresolvable as error:
            raise MetricError(f"the schema refers to {error.ref!r}, which is not in it") from error
        return None if error is None else f"{error.json_path}: {_shorten(error.message)}"


def make_schema(source: SchemaSource) -> Schema:
    """Return the schema of *source*, in the draft that it names, else 2020-12.

    Nothing is fetched: what it refers to has to be part of it.

    Raises:
        MetricError: the file cannot be read, or it is no JSON schema.
        MissingExtraError: the ``metrics`` extra is not installed.
    """
    content = read_source(source)
    jsonschema = require("jsonschema", extra="metrics")
    default = jsonschema.Draft202012Validator
    if not isinstance(content, Mapping | bool):
        raise MetricError(
            f"a JSON schema is an object; {_told(source)} is {type(content).__name__}"
        )
    kind = jsonschema.validators.validator_for(content, default=default)
    try:
        kind.check_schema(content)
    except jsonschema.SchemaError as error:
        where = f"{error.json_path}: {_shorten(error.message)}"
        raise MetricError(f"{_told(source)} is no JSON schema: {where}") from error
    registry = require("referencing", extra="metrics").Registry()
    return Schema(kind(content, registry=registry), _fingerprint(content))


def read_source(source: SchemaSource) -> Any:
    """Return the JSON that *source* is, or that its file holds.

    Raises:
        MetricError: the file cannot be read.
    """
    if not isinstance(source, str):
        return source
    try:
        return json.loads(Path(source).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise MetricError(f"cannot read the JSON schema {source!r}: {error}") from error


def _told(source: SchemaSource) -> str:
    return f"the file {source!r}" if isinstance(source, str) else "the given one"


def _fingerprint(content: object) -> str:
    written = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:8]


def _shorten(message: str) -> str:
    if len(message) <= _MESSAGE_CHARACTERS:
        return message
    return message[: _MESSAGE_CHARACTERS - 1] + "…"
