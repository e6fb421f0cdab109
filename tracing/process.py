"""The tracer in force in this process: its settings, its end, its forks.

There is one at a time, made from the settings at the first traced call or by
:func:`configure`.
"""

import atexit
import os
import sys
import threading

from evalhub.config import load_settings
from evalhub.errors import ConfigError
from evalhub.tracing import ids
from evalhub.tracing.encode import DEFAULT_LIMIT
from evalhub.tracing.exporters.base import Exporter
from evalhub.tracing.exporters.lookup import make_exporter
from evalhub.tracing.tracer import EXIT_S, Stats, Tracer
from evalhub.tracing.worker import Worker

__all__ = ["ACTIVE", "configure", "flush", "stats", "tracer_in_force"]


_PARK_S = 5.0
"""Seconds that a fork waits for the batch that is being stored."""


class _Active:
    """Holds the tracer in force; an attribute is faster to read than a context variable."""

    __slots__ = ("lock", "tracer")

    def __init__(self) -> None:
        self.tracer: Tracer | None = None
        self.lock = threading.RLock()


ACTIVE = _Active()


def tracer_in_force() -> Tracer:
    """Return the tracer in force, made from the settings at the first call.

    Settings that cannot be used are logged, and nothing is recorded.
    """
    with ACTIVE.lock:
        if ACTIVE.tracer is None:
            try:
                ACTIVE.tracer = _make_tracer()
            except Exception as error:  # noqa: BLE001 - our failure must not reach the program
                ACTIVE.tracer = Tracer(project="default", enabled=False, connect=_nowhere)
                ACTIVE.tracer.absorb(error)
        return ACTIVE.tracer


def configure(
    *,
    url: str | None = None,
    project: str | None = None,
    enabled: bool | None = None,
    exporter: Exporter | None = None,
    max_payload_bytes: int = DEFAULT_LIMIT,
    max_queue_spans: int = 50_000,
    max_queue_bytes: int = 100_000_000,
) -> None:
    """Record from now on with these settings; what is not given comes from ``EVALHUB_*``.

    Spans recorded so far are delivered first, for at most five seconds.

    Args:
        url: Where spans go; its scheme chooses the exporter.
        project: Project of spans whose code names none.
        enabled: Whether anything is recorded.
        exporter: Takes the spans instead of *url*. Forked children use it too: give a
            URL when it holds a connection.
        max_payload_bytes: Longer inputs and outputs are cut, with a mark that says so.
        max_queue_spans: Spans that may wait for delivery; then the newest are dropped.
        max_queue_bytes: Bytes that may wait for delivery.

    Raises:
        ConfigError: a setting cannot be used.
    """
    limits = (max_payload_bytes, max_queue_spans, max_queue_bytes)
    if min(limits) < 1:
        raise ConfigError(f"the limits must be at least 1, not {min(limits)}")
    tracer = _make_tracer(
        url=url, project=project, enabled=enabled, exporter=exporter, limits=limits
    )
    with ACTIVE.lock:
        before, ACTIVE.tracer = ACTIVE.tracer, tracer
    if before is not None:
        before.successor = tracer
        before.close()


def flush(timeout: float = 10.0) -> bool:
    """Wait until every span that has ended is stored, at most *timeout* seconds.

    Returns:
        True when all are stored; False when time ran out (they stay queued).
    """
    tracer = ACTIVE.tracer
    return tracer is None or tracer.flush(timeout)


def stats() -> Stats:
    """Return what happened to the spans of this process so far."""
    return tracer_in_force().stats()


def _make_tracer(
    *,
    url: str | None = None,
    project: str | None = None,
    enabled: bool | None = None,
    exporter: Exporter | None = None,
    limits: tuple[int, int, int] = (DEFAULT_LIMIT, 50_000, 100_000_000),
) -> Tracer:
    settings = load_settings()
    target = url or settings.url

    def connect() -> Exporter:
        return make_exporter(target) if exporter is None else exporter

    return Tracer(
        project=project or settings.project,
        enabled=settings.tracing if enabled is None else enabled,
        connect=connect,
        on_start=_deliver_at_exit,
        closes_at_fork=exporter is None,
        limit=limits[0],
        max_spans=limits[1],
        max_bytes=limits[2],
    )


def _nowhere() -> Exporter:
    raise ConfigError("the settings of evalhub cannot be used; see the log")


def _deliver_at_exit() -> None:
    """Make sure that what waits is delivered when this process ends."""
    atexit.unregister(_drain)
    atexit.register(_drain)
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None and sys.modules["multiprocessing"].parent_process():
        # Such a child ends without running atexit.
        multiprocessing.Finalize(None, _drain, exitpriority=0)


def _drain() -> None:
    tracer = ACTIVE.tracer
    if tracer is not None and not tracer.flush(EXIT_S):
        left = tracer.stats().waiting
        tracer.report(f"{left} spans were not stored when the program ended, and are lost", None)


def _before_fork() -> None:
    tracer = ACTIVE.tracer
    if tracer is not None and not tracer.park(_PARK_S):
        tracer.report("forked while spans were being stored; the child may be locked out", None)


def _after_fork_in_parent() -> None:
    if ACTIVE.tracer is not None:
        ACTIVE.tracer.resume()


def _after_fork_in_child() -> None:
    # Only the forking thread lives on: locks may be held by threads that are gone,
    # and the parent delivers what was queued.
    ids.reseed()
    ACTIVE.lock = threading.RLock()
    if ACTIVE.tracer is not None:
        _orphans.append(ACTIVE.tracer.abandon())


_orphans: list[Worker | None] = []
"""Workers of the parent: kept, since freeing their connections would touch the parent's."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
