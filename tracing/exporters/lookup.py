"""Find the exporter class for a URL."""

import importlib
from typing import cast

from evalhub.errors import ConfigError
from evalhub.tracing.exporters.base import Exporter

__all__ = ["GROUP", "make_exporter"]

GROUP = "evalhub.exporters"
"""Entry points of this group add schemes; the name is the scheme."""

_BUILT_IN = {
    "http": "evalhub.tracing.exporters.http:HttpExporter",
    "https": "evalhub.tracing.exporters.http:HttpExporter",
    "memory": "evalhub.tracing.exporters.memory:MemoryExporter",
    "otlp": "evalhub.tracing.exporters.otlp:OtlpExporter",
    "postgresql": "evalhub.store.exporter:SqlExporter",
    "sqlite": "evalhub.store.exporter:SqlExporter",
}


def make_exporter(url: str) -> Exporter:
    """Return a new exporter for *url*, by its scheme (``sqlite``, ``postgresql``, ...).

    A driver after a plus sign, as in ``postgresql+psycopg://``, is left to the exporter.

    Raises:
        ConfigError: no exporter is known for the scheme.
    """
    scheme = url.partition(":")[0].partition("+")[0].lower()
    if scheme in _BUILT_IN:
        module, _, name = _BUILT_IN[scheme].partition(":")
        return cast(Exporter, getattr(importlib.import_module(module), name)(url))
    # Imported here, as it takes a quarter of the time that the whole SDK may take.
    metadata = importlib.import_module("importlib.metadata")
    for entry in metadata.entry_points(group=GROUP, name=scheme):
        return cast(Exporter, entry.load()(url))
    raise ConfigError(
        f"no exporter for {scheme!r} (the scheme of EVALHUB_URL); known are "
        f"{', '.join(sorted(_BUILT_IN))} and entry points of the group {GROUP!r}"
    )
