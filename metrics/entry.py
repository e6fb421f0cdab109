"""How a metric is listed: where its class is, and what a reader should know before loading it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A metric of ours, by name, in a room's catalogue.

    The class is named and not imported: listing metrics loads none of their packages.
    """

    home: str
    """``package.module:Class``; called with the settings it gives a :class:`Metric`."""
    requires: tuple[str, ...]
    """Columns it asks for; settings may change them."""
    summary: str
    """One line, lower case, no full stop."""
    paper: str = ""
    """Where it is defined: paper, specification or script."""
    preset: Mapping[str, object] = field(default_factory=dict)
    """Settings that the name itself gives."""
    modules: tuple[str, ...] = ()
    """What it imports beyond the core, such as ``sacrebleu``."""
    extra: str = ""
    """Which extra of evalhub installs these."""
    paths: tuple[str, ...] = ()
    """Settings that name files; in a suite file they start from its folder."""
