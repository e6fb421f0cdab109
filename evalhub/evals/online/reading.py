"""Which traces are to be scored now: sampled, whole, and not scored yet."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from evalhub.evals.online.config import OnlineSpec, duration_ns
from evalhub.model import Span, TraceSummary
from evalhub.store import Store, TraceCursor
from evalhub.store.completeness import completeness_of
from evalhub.store.online import given_scores
from evalhub.store.queries import list_traces
from evalhub.store.roots import get_roots
from evalhub.tracing.projects import EVALUATIONS, EVALUATORS

__all__ = ["Marks", "NewTrace", "Reading", "is_sampled"]

_OWN = frozenset({EVALUATIONS, EVALUATORS})
"""Projects of traces that no user made: left out unless one is named."""
_PAGE = 500

Marks = Collection[tuple[str, str]]
"""Names and signatures of the scores of one metric: a trace that has one of them is done by it."""


@dataclass(frozen=True, slots=True)
class NewTrace:
    """A trace with its root span."""

    summary: TraceSummary
    root: Span
    lacking: frozenset[int]
    """Which of the metrics have yet to score it."""


def is_sampled(trace_id: str, share: float) -> bool:
    """Return whether the trace is among the *share* of all that are scored.

    It depends on the id alone: each process, on each day, chooses the same traces, and a
    greater share holds the smaller one.
    """
    digest = hashlib.sha256(trace_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


@dataclass(slots=True)
class Reading:
    """The traces that are to be scored in one round."""

    store: Store
    spec: OnlineSpec
    marks: Sequence[Marks]
    """Of each metric."""
    since_ns: int
    """Start of the oldest."""
    now_ns: int
    """A trace that was active within ``settle`` of it may go on."""
    left_out: int = 0
    """Traces that are not whole, and too old to be waited for."""

    @property
    def given_up_ns(self) -> int:
        """Traces that started before are not waited for."""
        return self.now_ns - duration_ns(self.spec.give_up)

    def batches(self) -> Iterator[list[NewTrace]]:
        """Yield batches of traces, the newest first.

        Raises:
            StoreError: the store did not answer.
        """
        waiting: list[NewTrace] = []
        for page in self._pages():
            waiting += self._whole([one for one in page if self._is_wanted(one)])
            while len(waiting) >= self.spec.batch:
                yield waiting[: self.spec.batch]
                waiting = waiting[self.spec.batch :]
        if waiting:
            yield waiting

    def _is_wanted(self, summary: TraceSummary) -> bool:
        # To judge what judges are asked would never end; what suites call is scored there.
        is_own = summary.project in _OWN and summary.project != self.spec.traces.project
        return not is_own and is_sampled(summary.trace_id, self.spec.sample)

    def _pages(self) -> Iterator[Sequence[TraceSummary]]:
        wanted = replace(self.spec.filter, since_ns=self.since_ns)
        before: TraceCursor | None = None
        while True:
            with self.store.read() as connection:
                page = list_traces(connection, wanted, limit=_PAGE, before=before)
            if not page:
                return
            yield page
            before = TraceCursor.after(page[-1])

    def _whole(self, summaries: Sequence[TraceSummary]) -> list[NewTrace]:
        """Return those that can be scored, and note those that never will be."""
        names = {name for marks in self.marks for name, _ in marks}
        with self.store.read() as connection:
            given = given_scores(connection, [one.trace_id for one in summaries], names)
            lacking = {
                one.trace_id: self._lacking(given.get(one.trace_id, ())) for one in summaries
            }
            left = [one for one in summaries if lacking[one.trace_id]]
            known = completeness_of(connection, [one.trace_id for one in left])
            quiet_ns = self.now_ns - duration_ns(self.spec.settle)
            whole = [
                one for one in left if one.end_ns <= quiet_ns and known[one.trace_id].is_complete
            ]
            roots = get_roots(connection, [one.trace_id for one in whole])
        found = [one for one in whole if one.trace_id in roots]
        late = [one for one in left if one.start_ns < self.given_up_ns]
        self.left_out += len({one.trace_id for one in late} - {one.trace_id for one in found})
        return [NewTrace(one, roots[one.trace_id], lacking[one.trace_id]) for one in found]

    def _lacking(self, given: Collection[tuple[str, str]]) -> frozenset[int]:
        has = set(given)
        return frozenset(index for index, marks in enumerate(self.marks) if has.isdisjoint(marks))
