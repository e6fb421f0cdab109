"""What a run has spent, and whether the next call may be made.

Before a call the most that it can cost is set aside: its bound where one is known (a prompt's
length and its ``max_tokens``), else the cost of the dearest call of its kind so far. A kind of
which no call was seen yet goes alone, with all that is left set aside. After the call the
real cost takes its place. So the ceiling holds whatever the concurrency.

What is set aside is written to the journal before the call, so that a kill in the middle of
it counts as spent what may have been billed.
"""

import threading
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from evalhub.errors import BudgetSpentError
from evalhub.evals.runs.budget import Budget, Cost

__all__ = ["CostBook", "Ledger", "Ticket", "count_waits"]

_PATIENCE_S = 0.5
"""Longest sleep between looks at the clock."""
_NOTHING = Cost()
_LEAST = Cost(1e-9, 1)
"""What a call of which nothing is known needs at least."""
_UNREAD = 32
"""Calls whose cost stands in their traces that are read back together."""


_waits_s: ContextVar[list[float] | None] = ContextVar("evalhub_waits_s", default=None)


def count_waits() -> list[float]:
    """Return a list to which each wait for room in this context adds its seconds.

    A call that waited did not take that long: its latency is without it.
    """
    waits_s: list[float] = []
    _waits_s.set(waits_s)
    return waits_s


class CostBook(Protocol):
    """Where costs outlive the process; :class:`~evalhub.evals.runs.journal.Journal` is one."""

    def set_cost(self, number: int, cost: Cost) -> None:
        """Write down what the call *number* costs, at most or in fact."""

    def costs(self) -> tuple[int, Cost]:
        """Return the highest number there is (-1 for none) and the sum of all costs."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to make one call."""

    number: int
    kind: str
    aside: Cost
    start_s: float


@dataclass(frozen=True, slots=True)
class _Unread:
    """A call that is over, and whose cost stands in its trace."""

    ticket: Ticket
    trace_id: str
    known: Cost
    was_answered: bool


@dataclass(eq=False)
class Ledger:
    """Counts costs, and holds *budget*; shared by the threads of one run."""

    budget: Budget = field(default_factory=Budget)
    clock: Callable[[], float] = time.monotonic
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _spent: Cost = field(default=Cost(), init=False)
    _aside: Cost = field(default=Cost(), init=False)
    _under_way: int = field(default=0, init=False)
    _is_held: bool = field(default=False, init=False)
    """Whether a call is under way of which nothing is known, so that no other may start."""
    _unread: dict[int, "_Unread"] = field(default_factory=dict, init=False)
    _dearest: dict[str, Cost] = field(default_factory=dict, init=False)
    _longest_s: dict[str, float] = field(default_factory=dict, init=False)
    _next: int = field(default=0, init=False)
    _book: CostBook | None = field(default=None, init=False)
    _read: "Callable[[Iterable[str]], dict[str, Cost]] | None" = field(default=None, init=False)
    _reading: threading.Lock = field(default_factory=threading.Lock, init=False)
    _reason: str | None = field(default=None, init=False)
    _start_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._start_s = self.clock()

    def keep_in(self, book: CostBook) -> None:
        """Count what *book* says was spent before, and write there from now on."""
        if self.budget.counts_cost:
            last, spent = book.costs()
            self._book, self._next, self._spent = book, last + 1, spent

    def read_with(self, read: Callable[[Iterable[str]], dict[str, Cost]]) -> None:
        """Let *read* find the costs that stand in traces, by the traces' ids."""
        self._read = read

    @property
    def spent(self) -> Cost:
        """What was spent so far; what is under way is not in it."""
        with self._changed:
            return self._spent

    @property
    def reason(self) -> str | None:
        """Which ceiling was reached, in words; None while none was."""
        return self._reason

    @property
    def left_s(self) -> float | None:
        """Seconds until the minutes are over; None where they have no limit."""
        minutes = self.budget.minutes
        return None if minutes is None else self._start_s + 60 * minutes - self.clock()

    def stop(self) -> None:
        """Say that the minutes are over, so that nothing is called any more."""
        with self._changed:
            self._reason = self._reason or f"the budget of {self.budget.minutes:g} minutes is over"
            self._changed.notify_all()

    def reserve(self, kind: str, bound: Cost | None = None) -> Ticket:
        """Set aside what one call of *kind* can cost, waiting for room while others are on the way.

        Args:
            kind: What is called: calls of one kind cost about the same.
            bound: The most that this call can cost, where that is known.

        Raises:
            BudgetSpentError: it does not fit any more.
        """
        start_s = self.clock()
        while True:
            with self._changed:
                ticket = self._try(kind, bound)
                if ticket is not None:
                    self._note_wait(ticket.start_s - start_s)
                    return ticket
                if not self._unread:
                    self._changed.wait(_PATIENCE_S)
                    continue
            self.read_back()

    def settle(self, ticket: Ticket, cost: Cost, *, was_answered: bool = True) -> None:
        """Put the real *cost* in the place of what was set aside.

        What a call costs that was not answered says nothing about the others.
        """
        with self._changed:
            self._settle(ticket, cost, was_answered)

    def settle_by_trace(
        self,
        ticket: Ticket,
        trace_id: str | None,
        *,
        known: Cost = _NOTHING,
        was_answered: bool = True,
    ) -> None:
        """Do the same with the cost that the trace holds; it is read back with others.

        What is *known* already is the least that it can be.
        """
        if trace_id is None or self._read is None or not self.budget.counts_cost:
            self.settle(ticket, known, was_answered=was_answered)
            return
        with self._changed:
            self._unread[ticket.number] = _Unread(ticket, trace_id, known, was_answered)
            self._note_time(ticket)
            is_due = len(self._unread) >= _UNREAD
            self._changed.notify_all()
        if is_due:
            self.read_back()

    def read_back(self) -> None:
        """Settle all calls whose cost stands in their traces."""
        with self._reading:
            with self._changed:
                unread = dict(self._unread)
            if not unread or self._read is None:
                return
            found = self._read([item.trace_id for item in unread.values()])
            with self._changed:
                for number, item in unread.items():
                    del self._unread[number]
                    cost = item.known.or_more(found.get(item.trace_id, Cost()))
                    self._settle(item.ticket, cost, item.was_answered)

    def _try(self, kind: str, bound: Cost | None) -> Ticket | None:
        """Return a ticket, or None while one may come free."""
        self._check_time(kind)
        if self._is_held:
            return None
        most = self._dearest.get(kind) if bound is None else bound
        is_alone = most is None and self.budget.counts_cost
        wanted = self._spent + self._aside + (most or _LEAST)
        if self.budget.allows(wanted) and not (is_alone and self._under_way):
            return self._grant(kind, most or Cost(), is_alone)
        if self._under_way:
            return None
        self._reason = self.budget.reached(wanted)
        raise BudgetSpentError(self._reason)

    def _check_time(self, kind: str) -> None:
        left_s = self.left_s
        if self._reason is None and left_s is not None and left_s <= self._longest_s.get(kind, 0.0):
            self._reason = f"the budget of {self.budget.minutes:g} minutes is over"
        if self._reason is not None:
            raise BudgetSpentError(self._reason)

    def _grant(self, kind: str, aside: Cost, is_alone: bool) -> Ticket:
        ticket = Ticket(self._next, kind, aside, self.clock())
        self._next += 1
        self._under_way += 1
        self._aside += aside
        self._is_held = is_alone
        if self._book is not None:
            self._book.set_cost(ticket.number, aside)
        return ticket

    def _settle(self, ticket: Ticket, cost: Cost, was_answered: bool) -> None:
        self._under_way -= 1
        # What floats do not cancel must not add up over a hundred thousand calls.
        self._aside = self._aside - ticket.aside if self._under_way else Cost()
        self._is_held = False  # if it was, this was the only one
        self._spent += cost
        if was_answered:
            self._dearest[ticket.kind] = self._dearest.get(ticket.kind, Cost()).or_more(cost)
        self._note_time(ticket)
        if self._book is not None:
            self._book.set_cost(ticket.number, cost)
        self._changed.notify_all()

    @staticmethod
    def _note_wait(waited_s: float) -> None:
        waits_s = _waits_s.get()
        if waits_s is not None:
            waits_s.append(waited_s)

    def _note_time(self, ticket: Ticket) -> None:
        took_s = self.clock() - ticket.start_s
        self._longest_s[ticket.kind] = max(took_s, self._longest_s.get(ticket.kind, 0.0))
