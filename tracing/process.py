"""The tracer in force in this process, and its settings.

There is one at a time, made from the settings at the first traced call or by
:func:`configure`.
"""

import importlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from evalhub.config import load_settings
from evalhub.errors import ConfigError
from evalhub.model import Batch
from evalhub.tracing.attachments import ATTACHMENT_LIMIT
from evalhub.tracing.encode import DEFAULT_LIMIT
from evalhub.tracing.ending import deliver_at_exit
from evalhub.tracing.exporters.base import Exporter
from evalhub.tracing.exporters.lookup import make_exporter
from evalhub.tracing.force import ACTIVE
from evalhub.tracing.ledger import Ledger
from evalhub.tracing.options import Privacy, Sampling
from evalhub.tracing.outbox import Flushed
from evalhub.tracing.redact import Hide
from evalhub.tracing.rules import Mask
from evalhub.tracing.tracer import NOTHING_LEFT, Stats, Tracer

if TYPE_CHECKING:
    from evalhub.tracing.spool import Spool

__all__ = ["ACTIVE", "configure", "flush", "stats", "tracer_in_force"]


class Limits(NamedTuple):
    """How much may wait, and where."""

    payload_bytes: int = DEFAULT_LIMIT
    attachment_bytes: int = ATTACHMENT_LIMIT
    queue_spans: int = 50_000
    queue_bytes: int = 100_000_000
    spool_bytes: int = 1_000_000_000


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
    durable: bool | None = None,
    mask: Mask | None = None,
    hide_inputs: Hide | None = None,
    hide_outputs: Hide | None = None,
    hide_metadata: Hide | None = None,
    sample_rate: float | None = None,
    keep_errors: bool | None = None,
    keep_slower_than_s: float | None = None,
    max_payload_bytes: int = DEFAULT_LIMIT,
    max_attachment_bytes: int = ATTACHMENT_LIMIT,
    max_queue_spans: int = 50_000,
    max_queue_bytes: int = 100_000_000,
    max_spool_bytes: int = 1_000_000_000,
) -> None:
    """Record from now on with these settings; what is not given comes from ``EVALHUB_*``.

    Spans recorded so far are delivered first; what cannot be is left on disk.

    Args:
        url: Where spans go; its scheme chooses the exporter.
        project: Project of spans whose code names none.
        enabled: Whether anything is recorded.
        exporter: Takes the spans instead of *url*. Forked children use it too: give a
            URL when it holds a connection.
        durable: Whether every span is on disk before the call that made it returns, so that
            not even ``kill -9`` loses one; it costs the caller some 35 microseconds a span.
        mask: Rules of what is replaced before a span leaves the process: True for the ready
            sets, or as :func:`~evalhub.tracing.rules.parse_mask` says.
        hide_inputs: True leaves inputs out; a function is given them, decoded, and returns what to
            record in their place. When it raises, a note is recorded.
        hide_outputs: The same for outputs.
        hide_metadata: The same for metadata.
        sample_rate: Share of the traces that are recorded, from 0 to 1.
        keep_errors: Whether the other traces are recorded too when one of their spans failed.
        keep_slower_than_s: Whether they are when one of their spans took at least so long.
        max_payload_bytes: Longer inputs and outputs are cut, with a mark that says so.
        max_attachment_bytes: Larger attachments are named in the span and left out.
        max_queue_spans: Spans that may wait in memory; then the oldest go to the spool on disk.
        max_queue_bytes: Bytes that may wait in memory.
        max_spool_bytes: Bytes that may wait on disk; then the oldest are lost, and counted.

    Raises:
        ConfigError: a setting cannot be used.
    """
    given = dict(locals())
    limits = Limits(
        payload_bytes=max_payload_bytes,
        attachment_bytes=max_attachment_bytes,
        queue_spans=max_queue_spans,
        queue_bytes=max_queue_bytes,
        spool_bytes=max_spool_bytes,
    )
    if min(limits) < 1:
        raise ConfigError(f"the limits must be at least 1, not {min(limits)}")
    tracer = _make_tracer(
        url=url,
        project=project,
        enabled=enabled,
        exporter=exporter,
        durable=durable,
        privacy=Privacy(mask, hide_inputs, hide_outputs, hide_metadata),
        sampling=Sampling(sample_rate, keep_errors, keep_slower_than_s),
        limits=limits,
    )
    with ACTIVE.lock:
        before, ACTIVE.tracer = ACTIVE.tracer, tracer
        ACTIVE.given = given
    if before is not None:
        before.successor = tracer
        before.close()


def flush(timeout: float = 10.0) -> Flushed:
    """Wait until every span that has ended is stored, at most *timeout* seconds.

    Returns:
        What is left: true when that is nothing. What is left stays queued, or on disk.
    """
    tracer = ACTIVE.tracer
    return NOTHING_LEFT if tracer is None else tracer.flush(timeout)


def stats() -> Stats:
    """Return what happened to the spans of this process so far."""
    return tracer_in_force().stats()


def _make_tracer(
    *,
    url: str | None = None,
    project: str | None = None,
    enabled: bool | None = None,
    exporter: Exporter | None = None,
    durable: bool | None = None,
    privacy: Privacy = Privacy(),  # noqa: B008 - immutable
    sampling: Sampling = Sampling(),  # noqa: B008 - immutable
    limits: Limits = Limits(),  # noqa: B008 - immutable
) -> Tracer:
    settings = load_settings()
    target = url or settings.url

    def connect() -> Exporter:
        return make_exporter(target) if exporter is None else exporter

    redactor = privacy.redactor(settings, limits.payload_bytes)
    tracer = Tracer(
        project=project or settings.project,
        enabled=settings.tracing if enabled is None else enabled,
        connect=connect,
        on_start=deliver_at_exit,
        make_spool=partial(
            _make_spool,
            settings.home / "spool",
            target if exporter is None else _name_of(exporter),
            limits.spool_bytes,
        ),
        is_durable=settings.durable if durable is None else durable,
        closes_at_fork=exporter is None,
        redact=redactor,
        sampler=sampling.sampler(settings),
        limit=limits.payload_bytes,
        attachment_limit=limits.attachment_bytes,
        max_spans=limits.queue_spans,
        max_bytes=limits.queue_bytes,
    )
    redactor.report = tracer.report
    return tracer


def _make_spool(root: Path, destination: str, max_bytes: int, ledger: Ledger) -> "Spool":
    # Imported by the first span that is sent: it loads orjson.
    spool = importlib.import_module("evalhub.tracing.spool")

    def evicted(batch: Batch) -> None:
        ledger.drop(span.trace_id for span in batch.spans)
        ledger.drop(score.trace_id for score in batch.scores)
        if ACTIVE.tracer is not None:
            ACTIVE.tracer.report(f"the spool holds {max_bytes} bytes; the oldest are lost", None)

    return cast(
        "Spool",
        spool.Spool(
            spool.folder_of(root, destination),
            ledger.producer,
            max_bytes=max_bytes,
            on_evicted=evicted,
        ),
    )


def _name_of(exporter: Exporter) -> str:
    """Return what exporters that deliver to the same place have in common."""
    kind = type(exporter)
    return f"{kind.__module__}.{kind.__qualname__} {getattr(exporter, 'url', '')}"


def _nowhere() -> Exporter:
    raise ConfigError("the settings of evalhub cannot be used; see the log")
