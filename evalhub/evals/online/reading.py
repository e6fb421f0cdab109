"""Which traces are to be scored now: sampled, whole, and not scored yet."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalhub.evals.online.arrivals import Arrivals
from evalhub.evals.online.config import OnlineSpec, duration_ns
from evalhub.model import Span, TraceSummary
from evalhub.store import Store
from evalhub.store.arrivals import arrived_after
from evalhub.store.completeness import completeness_of
from evalhub.store.online import given_scores
from evalhub.store.queries import get_summaries
from evalhub.store.roots import get_roots
from evalhub.tracing.projects import EVALUATIONS, EVALUATORS

__all__ = ["Marks", "NewTrace", "Reading", "is_sampled", "left_out_projects"]

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
    arrived: int
    """The store's number of the last of its spans that came."""


def left_out_projects(spec: OnlineSpec) -> frozenset[str]:
    """Return the projects whose traces are not looked at, though the file names none."""
    return _OWN - {spec.traces.project}


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
    arrivals: Arrivals
    """What came since when; it is marked for this round."""
    now_ns: int
    """A trace that was active within ``settle`` of it may go on."""
    left_out: int = 0
    """Traces that are not whole, and of which nothing came for too long to wait for more."""

    @property
    def given_up_ns(self) -> int:
        """What came before is not waited for."""
        return self.now_ns - duration_ns(self.spec.give_up)

    @property
    def given_up(self) -> int:
        """Traces without a span beyond the one of this number are not waited for."""
        return self.arrivals.here_by(self.given_up_ns)

    def batches(self) -> Iterator[list[NewTrace]]:
        """Yield batches of traces, the newest first.

        Raises:
            StoreError: the store did not answer.
        """
        waiting: list[NewTrace] = []
        for arrived, page in self._pages():
            waiting += self._whole([one for one in page if self._is_wanted(one)], arrived)
            while len(waiting) >= self.spec.batch:
                yield waiting[: self.spec.batch]
                waiting = waiting[self.spec.batch :]
        if waiting:
            yield waiting

    def _is_wanted(self, summary: TraceSummary) -> bool:
        # To judge what judges are asked would never end; what suites call is scored there.
        is_own = summary.project in left_out_projects(self.spec)
        return not is_own and is_sampled(summary.trace_id, self.spec.sample)

    def _pages(self) -> Iterator[tuple[dict[str, int], list[TraceSummary]]]:
        """Yield what came, by trace, and the summaries of those traces, in the same order."""
        arrivals = self.arrivals
        with self.store.read() as connection:
            new = arrived_after(
                connection, self.spec.filter, arrivals.done, since_ns=arrivals.since_ns
            )
        for start in range(0, len(new), _PAGE):
            arrived = dict(new[start : start + _PAGE])
            with self.store.read() as connection:
                found = get_summaries(connection, list(arrived))
            yield arrived, [found[trace_id] for trace_id in arrived]

    def _whole(
        self, summaries: Sequence[TraceSummary], arrived: Mapping[str, int]
    ) -> list[NewTrace]:
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
        late = [one for one in left if arrived[one.trace_id] <= self.given_up]
        self.left_out += len({one.trace_id for one in late} - {one.trace_id for one in found})
        return [
            NewTrace(one, roots[one.trace_id], lacking[one.trace_id], arrived[one.trace_id])
            for one in found
        ]

    def _lacking(self, given: Collection[tuple[str, str]]) -> frozenset[int]:
        has = set(given)
        return frozenset(index for index, marks in enumerate(self.marks) if has.isdisjoint(marks))
