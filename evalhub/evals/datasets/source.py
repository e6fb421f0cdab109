"""What every source of rows gives: numbered rows, and how to name one in an error."""

import base64
import datetime
import decimal
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Row", "Source", "plain"]

Row = tuple[int, Mapping[str, Any]]
"""Its number (a file's line, or the count from 1) and its values by column."""


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that are read while they are taken."""

    name: str
    """What the data set is called."""
    title: str
    """What errors call it: the path, the query."""
    rows: Iterator[Row]
    is_text: bool = False
    """Whether rows are counted as lines of a text file."""
    reads_cells: bool = False
    """Whether every value is a text, as in CSV, so that lists stand in cells as JSON."""

    def place(self, number: int) -> str:
        """Return how an error begins that is about row *number*."""
        return f"{self.title}:{number}" if self.is_text else f"{self.title}: row {number}"

    @property
    def counted(self) -> str:
        """What its rows are counted as: ``line`` or ``row``."""
        return "line" if self.is_text else "row"


def plain(value: Any) -> Any:
    """Return *value* as JSON can hold it: what databases and Arrow give besides is made text.

    Times are ISO 8601, whole decimals integers and other decimals floats, bytes base64; NaN and
    infinity, which JSON lacks, are None.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _made_text(value)


def _made_text(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return _number(value)
    if isinstance(value, datetime.date | datetime.time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        return plain(value.tolist())
    return str(value)


def _number(value: decimal.Decimal) -> int | float | None:
    if not value.is_finite():
        return None
    return int(value) if value == value.to_integral_value() else float(value)
