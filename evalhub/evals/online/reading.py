"""Which traces are to be scored now: sampled, whole, and not scored yet."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from evalhub.evals.online.config import OnlineSpec, duration_ns
from evalhub.metrics.judge.asking import PROJECT
from evalhub.model import Span, TraceSummary
from evalhub.store import Store, TraceCursor
from evalhub.store.completeness import completeness_of
from evalhub.store.online import scored_traces
from evalhub.store.queries import list_traces
from evalhub.store.roots import get_roots

__all__ = ["NewTrace", "is_sampled", "new_traces"]

_PAGE = 500


@dataclass(frozen=True, slots=True)
class NewTrace:
    """A trace with its root span."""

    summary: TraceSummary
    root: Span


def is_sampled(trace_id: str, share: float) -> bool:
    """Return whether the trace is among the *share* of all that are scored.

    It depends on the id alone: each process, on each day, chooses the same traces, and a
    greater share holds the smaller one.
    """
    digest = hashlib.sha256(trace_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def new_traces(
    store: Store,
    spec: OnlineSpec,
    names: Collection[str],
    *,
    since_ns: int,
    now_ns: int,
) -> Iterator[list[NewTrace]]:
    """Yield batches of traces that are to be scored, the newest first.

    Args:
        store: Where they are.
        spec: Which are wanted.
        names: Of the scores; a trace that has one of them is done.
        since_ns: Start of the oldest.
        now_ns: The time now; a trace that was active within ``settle`` of it may go on.

    Raises:
        StoreError: the store did not answer.
    """
    waiting: list[NewTrace] = []
    for page in _pages(store, spec, since_ns):
        quiet = now_ns - duration_ns(spec.settle)
        chosen = [one for one in page if one.end_ns <= quiet and _is_wanted(one, spec)]
        waiting += _whole(store, chosen, names)
        while len(waiting) >= spec.batch:
            yield waiting[: spec.batch]
            waiting = waiting[spec.batch :]
    if waiting:
        yield waiting


def _is_wanted(summary: TraceSummary, spec: OnlineSpec) -> bool:
    # What judges are asked is traced too. To judge that would never end.
    is_a_judge_s = summary.project == PROJECT and spec.traces.project != PROJECT
    return not is_a_judge_s and is_sampled(summary.trace_id, spec.sample)


def _pages(store: Store, spec: OnlineSpec, since_ns: int) -> Iterator[Sequence[TraceSummary]]:
    wanted = replace(spec.filter, since_ns=since_ns)
    before: TraceCursor | None = None
    while True:
        with store.read() as connection:
            page = list_traces(connection, wanted, limit=_PAGE, before=before)
        if not page:
            return
        yield page
        before = TraceCursor.after(page[-1])


def _whole(
    store: Store, summaries: Sequence[TraceSummary], names: Collection[str]
) -> list[NewTrace]:
    ids = [one.trace_id for one in summaries]
    with store.read() as connection:
        done = scored_traces(connection, ids, names)
        left = [one for one in ids if one not in done]
        known = completeness_of(connection, left)
        whole = [one for one in left if known[one].is_complete]
        roots = get_roots(connection, whole)
    return [NewTrace(one, roots[one.trace_id]) for one in summaries if one.trace_id in roots]
