"""Call a target for many examples at once, and keep what was finished."""

import itertools
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evalhub.evals.runs.call import Call
from evalhub.evals.runs.hope import Hope
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.runs.one_call import CallMaker
from evalhub.evals.runs.pace import Limits, Pace
from evalhub.evals.targets.base import Target
from evalhub.model import Example

__all__ = ["CallAll", "Memory", "Planned", "call_all"]

Planned = tuple[Example, int]
"""One call to make: an example, and which repeat of it."""


class Memory(Protocol):
    """What keeps finished calls; :class:`~evalhub.evals.runs.journal.Journal` is one."""

    def calls(self, target: str) -> Mapping[tuple[str, int], Call]:
        """Return the calls of *target* that are done, by example's id and repeat."""

    def add(self, target: str, example: str, repeat: int, call: Call) -> None:
        """Keep *call*."""


class CallAll(Protocol):
    """Makes calls: :func:`call_all` in this process, an engine elsewhere."""

    def __call__(
        self,
        target: Target,
        planned: Sequence[Planned],
        *,
        limits: Limits,
        on_call: Callable[[int], None],
        journal: Memory | None = None,
        ledger: Ledger | None = None,
    ) -> list[Call]:
        """Return the calls for *planned*, in that order; see :func:`call_all`."""


_PARTING_S = 10.0
"""Longest wait, after Ctrl-C, for calls under way: they are paid for, so they are kept."""
_STEP_S = 0.2
"""Longest wait of the main thread at a stretch: a Ctrl-C just before it would be seen after it."""
_LOOK_S = 0.05
"""Between two looks at what is finished: waking for each call would cost the callers' time."""
_TOLD = 1000
"""Recorded outputs that are read between two reports of progress."""


def call_all(
    target: Target,
    planned: Sequence[Planned],
    *,
    limits: Limits,
    on_call: Callable[[int], None],
    journal: Memory | None = None,
    ledger: Ledger | None = None,
    hope: Hope | None = None,
) -> list[Call]:
    """Return the calls for *planned* (example, repeat), in that order.

    Calls that *journal* holds are not made again, and new ones are written there before
    they count as done. *on_call* is told, in this thread, how many are done. An interrupt
    (Ctrl-C) stops new calls at once, and waits ten seconds at most for those on the way.
    Once the budget of *ledger* is spent the others are not made, and say so. *hope* is for who
    calls in several rounds: what failed or got through in one counts in the next.

    Raises:
        ConfigError: the journal cannot be written.
        ModelError: the endpoint refuses every request (401, 403, 404), no call got through, or
            none gets through any more.
    """
    ledger = ledger or Ledger()
    calls = {} if _is_recorded(target) else _journaled(target, planned, journal)
    missing = [index for index in range(len(planned)) if index not in calls]
    hope = hope or Hope(
        target.name,
        planned=len(missing),
        concurrency=limits.concurrency,
        has_answers=bool(calls),
    )
    maker = CallMaker(target, limits, Pace(limits), ledger, hope)
    if _is_recorded(target):
        return _read(planned, maker, on_call)
    caller = _Caller(maker, planned, journal, missing)
    try:
        if calls:
            on_call(len(calls))
        caller.start()
        _collect(caller, calls, on_call)
    except KeyboardInterrupt:
        caller.part()
        raise
    finally:
        maker.pace.stop()
    return [calls[index] for index in range(len(planned))]


def _is_recorded(target: Target) -> bool:
    return bool(getattr(target, "is_recorded", False))


def _read(
    planned: Sequence[Planned], maker: CallMaker, on_call: Callable[[int], None]
) -> list[Call]:
    """Return outputs made before: nothing is called, so nothing is traced or written down."""
    calls = []
    for number, (example, repeat) in enumerate(planned, 1):
        calls.append(maker.look_up(example, repeat))
        if number % _TOLD == 0 or number == len(planned):
            on_call(number)
    return calls


def _journaled(
    target: Target, planned: Sequence[Planned], journal: Memory | None
) -> dict[int, Call]:
    kept = {} if journal is None else journal.calls(target.name)
    found = ((index, kept.get((example.id, n))) for index, (example, n) in enumerate(planned))
    return {index: call for index, call in found if call is not None}


def _collect(caller: "_Caller", calls: dict[int, Call], on_call: Callable[[int], None]) -> None:
    """Put finished calls into *calls* until there is one for each that is planned."""
    while len(calls) < len(caller.planned):
        got = caller.wait()
        if got is None:
            ledger = caller.maker.ledger
            ledger.stop()
            reason = ledger.reason or ""
            got = {index: Call.not_made(reason) for index in caller.missing if index not in calls}
        calls |= got
        if got:
            on_call(len(calls))


@dataclass(frozen=True, slots=True)
class _Caller:
    """The threads that call, and what they have finished."""

    maker: CallMaker
    planned: Sequence[Planned]
    journal: Memory | None
    missing: Sequence[int]
    waiting: "queue.SimpleQueue[int]" = field(init=False, default_factory=queue.SimpleQueue)
    finished: "queue.SimpleQueue[tuple[int, Call | Exception]]" = field(
        init=False, default_factory=queue.SimpleQueue
    )
    threads: list[threading.Thread] = field(init=False, default_factory=list)
    counted: "itertools.count[int]" = field(init=False, default_factory=lambda: itertools.count(1))
    """The next finished call's number, which threads may ask for at the same time."""
    ended: threading.Event = field(init=False, default_factory=threading.Event)
    """Set when nothing is left to wait for."""

    def __post_init__(self) -> None:
        for index in self.missing:
            self.waiting.put(index)

    def start(self) -> None:
        """Start calling."""
        # Daemon threads and not an executor: the interpreter would wait for an
        # executor's threads at exit, so that Ctrl-C hung on a slow model.
        for number in range(min(self.maker.limits.concurrency, len(self.missing))):
            name = f"evalhub-call-{number}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self.threads.append(thread)
            thread.start()

    def wait(self) -> dict[int, Call] | None:
        """Wait a moment and return what has finished; None when the budget's minutes are over.

        Raises:
            ConfigError: the journal cannot be written.
            ModelError: no other call would get through.
        """
        left_s = self.maker.ledger.left_s
        self.ended.wait(_LOOK_S if left_s is None else min(_LOOK_S, max(0.0, left_s)))
        found = {}
        while not self.finished.empty():
            index, call = self.finished.get()
            if isinstance(call, Exception):
                raise call
            found[index] = call
        return None if not found and left_s is not None and left_s <= 0 else found

    def part(self) -> None:
        """Start no call any more, and wait a while for those that are on the way."""
        self.maker.pace.stop()
        end_s = time.monotonic() + _PARTING_S
        for thread in self.threads:
            while thread.is_alive() and time.monotonic() < end_s:
                thread.join(_STEP_S)

    def _work(self) -> None:
        while True:
            try:
                index = self.waiting.get_nowait()
            except queue.Empty:
                return
            call = self._call(*self.planned[index])
            if call is None:
                return
            self.finished.put((index, call))
            if isinstance(call, Exception) or next(self.counted) == len(self.missing):
                self.ended.set()

    def _call(self, example: Example, repeat: int) -> Call | Exception | None:
        """Return what came of one call, an error that ends the run, or None when stopped."""
        try:
            call = self.maker.make(example, repeat)
            # What failed is tried again when the run goes on, so it is not written down.
            if call is not None and call.is_done and self.journal is not None:
                self.journal.add(self.maker.target.name, example.id, repeat, call)
        except Exception as error:  # noqa: BLE001  # raised again by who waits for the calls
            self.maker.pace.stop()  # who waits may be behind; no call is to start meanwhile
            return error
        return call
