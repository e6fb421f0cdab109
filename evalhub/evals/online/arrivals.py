"""How far an online evaluation has read, in the order in which spans came to the store."""

from dataclasses import dataclass, replace
from typing import Any, Self

from evalhub.evals.online.lease import State
from evalhub.store import Store
from evalhub.store.arrivals import before_first_span, last_arrival

__all__ = ["Arrivals"]

_MARKS = 60
"""About how many moments of the last ``give_up`` are told apart: a minute of an hour."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What came, by the numbers that the store gives to spans, and by when it was here."""

    since_ns: int
    """Traces that ended before are not looked at: they are from before the first round."""
    done: int
    """Of traces without a span beyond this one nothing is left to do."""
    marks: tuple[tuple[int, int], ...] = ()
    """Moments, and the last span that was here by then; oldest first."""

    @classmethod
    def read(cls, state: State, store: Store, *, first_ns: int) -> Self:
        """Return those kept in *state*, or the first ones, for traces that ended since *first_ns*.

        Raises:
            StoreError: the store did not answer.
        """
        since_ns = int(state.get("since_ns", first_ns))
        kept: dict[str, Any] = state.get("arrivals", {"done": 0, "marks": []})
        marks = tuple((at, last) for at, last in kept["marks"])
        with store.read() as connection:
            # Of a store that was put back from a backup numbers are given again: begin anew.
            if marks and marks[-1][1] <= last_arrival(connection):
                return cls(since_ns, kept["done"], marks)
            return cls(since_ns, before_first_span(connection, since_ns))

    def marked(self, store: Store, now_ns: int, *, waited_ns: int) -> Self:
        """Return these with a mark for *now_ns*, without what is too old or too close to tell.

        Raises:
            StoreError: the store did not answer.
        """
        with store.read() as connection:
            marks = [*self.marks, (now_ns, last_arrival(connection))]
        if len(marks) > 2 and marks[-1][0] - marks[-3][0] < waited_ns // _MARKS:
            del marks[-2]
        old = sum(at <= now_ns - waited_ns for at, _ in marks)
        return replace(self, marks=tuple(marks[max(old - 1, 0) :]))

    def here_by(self, moment_ns: int) -> int:
        """Return the number of a span up to which all were surely here at *moment_ns*."""
        return max((last for at, last in self.marks if at <= moment_ns), default=0)

    def finished(self, number: int) -> Self:
        """Return these when nothing is left to do up to the span of this *number*."""
        return replace(self, done=max(self.done, number))

    @property
    def as_state(self) -> State:
        """What is to be kept of them."""
        return {
            "since_ns": self.since_ns,
            "arrivals": {"done": self.done, "marks": [list(mark) for mark in self.marks]},
        }
