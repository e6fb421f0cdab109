"""A report as people read it, and as a file can hold it.

All forms for people show what cannot be seen as marks; the JSON form keeps it, but for halves
of a surrogate pair, which no file can hold.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from evalhub._readable import readable_text
from evalhub.evals.reports.report import Report

__all__ = ["encodable", "readable"]

_HALVES = re.compile("[\ud800-\udfff]")


def readable(report: Report) -> Report:
    """Return *report* with every text, names included, as :func:`readable_text` has it."""
    return cast("Report", _changed(report, readable_text))


def encodable(report: Report) -> Report:
    """Return *report* with a replacement character for each half of a surrogate pair.

    An answer that was cut off within an emoji ends with one.
    """
    return cast("Report", _changed(report, lambda text: _HALVES.sub("\ufffd", text)))


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_changed(item, change) for item in value)
    if isinstance(value, Mapping):
        return {change(name): _changed(item, change) for name, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        texts = {one.name: _changed(getattr(value, one.name), change) for one in fields(value)}
        return replace(value, **texts)
    return value
