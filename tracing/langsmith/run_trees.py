"""What ``langsmith.run_trees`` has."""

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.ambient import surroundings
from evalhub.tracing.context import AMBIENT, Surroundings
from evalhub.tracing.langsmith.client import Client
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.run_tree import RunTree

__all__ = ["RunTree", "configure", "get_cached_client"]

_clients: list[Client] = []


def get_cached_client(**options: Any) -> Client:
    """Return the one client of this process, made with *options* the first time."""
    if not _clients:
        _clients.append(Client(**options))
    return _clients[0]


class _Everywhere:
    """Settings of the whole process: what surrounds traces that nothing else surrounds."""

    def __init__(self) -> None:
        self.tags: Sequence[str] | None = None
        self.metadata: Mapping[str, Any] | None = None
        self._around: Surroundings | None = None

    def apply(self) -> None:
        """Put the settings in force."""
        self._around = None
        if self.tags or self.metadata:
            self._around = surroundings(None, None, self.tags, self.metadata, None)
            if self.look not in AMBIENT:
                AMBIENT.append(self.look)

    def look(self, span: ActiveSpan | None) -> ActiveSpan | None:
        """Return *span*, or the settings where no span is open and tracing is on."""
        tracer = ACTIVE.tracer
        is_on = tracer is not None and tracer.enabled
        return self._around if span is None and is_on else span


_everywhere = _Everywhere()


def configure(  # noqa: PLR0917 - LangSmith's signature
    client: Any = ...,
    enabled: Any = ...,
    project_name: Any = ...,
    tags: Any = ...,
    metadata: Any = ...,
    address: Any = ...,
) -> None:
    """Set what all traces of this process have from now on; what is left out stays.

    Args:
        client: The client that ``get_cached_client`` returns.
        enabled: Whether anything is recorded; None: as ``EVALHUB_TRACING`` says.
        project_name: Project of spans whose code names none.
        tags: Tags of all spans; None for none.
        metadata: Metadata of all spans; None for none.
        address: Accepted for LangSmith's sake, and ignored.
    """
    tracer = ACTIVE.tracer or tracer_in_force()
    if client is not ...:
        _clients[:] = [] if client is None else [client]
    if enabled is not ...:
        tracer.enabled = enabled is not False
    if project_name is not ... and project_name:
        tracer.project = project_name
    if tags is not ...:
        _everywhere.tags = tags
    if metadata is not ...:
        _everywhere.metadata = metadata
    if tags is not ... or metadata is not ...:
        _everywhere.apply()
