"""The metrics of this room, by name."""

from collections.abc import Mapping

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG"]

CATALOG: Mapping[str, Entry] = {}
