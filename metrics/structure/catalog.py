"""The metrics of this room, by name."""

from collections.abc import Mapping

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG"]

CATALOG: Mapping[str, Entry] = {
    "contains": Entry(
        "evalhub.metrics.structure.contains:Contains",
        ("outputs", "references"),
        "1 where the output holds a reference",
    ),
    "regex": Entry(
        "evalhub.metrics.structure.regex:Regex",
        ("outputs",),
        "1 where the output matches a pattern",
    ),
}
