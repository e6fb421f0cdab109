"""Ids of kept runs as people write them: the beginning is enough where it is clear."""

from evalhub.errors import ConfigError, TrackerError
from evalhub.experiments import Tracker

__all__ = ["whole_id"]

_WHOLE = 32
"""Characters of an id of MLflow, which need not be looked up."""
_LOOKED_AT = 1_000


def whole_id(tracker: Tracker, named: str) -> str:
    """Return the id of the kept run that *named* is the beginning of.

    Only the newest 1,000 runs are looked at.

    Raises:
        ConfigError: several runs begin so.
        TrackerError: none does, or the runs cannot be listed.
    """
    if len(named) >= _WHOLE:
        return named
    ids = [run.run_id for run in tracker.list_runs(limit=_LOOKED_AT)]
    found = [named] if named in ids else [one for one in ids if one.startswith(named)]
    if not found:
        raise TrackerError(f"no kept run has the id {named!r}; see evalhub eval list")
    if len(found) > 1:
        some = ", ".join(sorted(found)[:3])
        raise ConfigError(f"{len(found)} runs begin with {named!r}: {some}; write more of the id")
    return found[0]
