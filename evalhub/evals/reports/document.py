"""The JSON form of a report, and its schema."""

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from evalhub.errors import ConfigError
from evalhub.evals.reports.readable import encodable
from evalhub.evals.reports.report import VERSION, Report

__all__ = ["as_json", "read_report", "report_schema", "write_json"]

_ADAPTER = TypeAdapter(Report)


def as_json(report: Report) -> dict[str, Any]:
    """Return *report* as plain data; numbers that are not finite are None."""
    plain: dict[str, Any] = json.loads(_dumped(report, None))
    return plain


def write_json(report: Report) -> str:
    """Return *report* as an indented JSON text."""
    return f"{_dumped(report, 2).decode()}\n"


def _dumped(report: Report, indent: int | None) -> bytes:
    try:
        return _ADAPTER.dump_json(report, indent=indent)
    except PydanticSerializationError:
        return _ADAPTER.dump_json(encodable(report), indent=indent)


def read_report(text: str | bytes) -> Report:
    """Return the report that :func:`write_json` wrote.

    Raises:
        ConfigError: it is no report, or one of a newer version.
    """
    found = _plain(text)
    version = found.get("version")
    # Before its fields, which a newer version may have renamed.
    if isinstance(version, int) and version > VERSION:
        raise ConfigError(
            f"the report has version {version}, this evalhub reads up to {VERSION}; upgrade evalhub"
        )
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(f"this is not a report of evalhub: {place}: {first['msg']}") from None


def _plain(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"this is not a report of evalhub: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"this is not a report of evalhub: it starts with {text[:20]!r}, not {{")
    return found


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the JSON form."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "evalhub report",
        **_ADAPTER.json_schema(mode="serialization"),
    }
