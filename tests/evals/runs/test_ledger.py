"""A budget is a ceiling: never exceeded, whatever the concurrency, the order or the kill."""

import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.errors import BudgetSpentError, ConfigError
from evalhub.evals.runs.budget import Budget, Cost
from evalhub.evals.runs.journal import Journal
from evalhub.evals.runs.ledger import Ledger, count_waits
from evalhub.model import Usage


def spend(ledger: Ledger, costs: list[int], *, bound: Cost | None, threads: int = 8) -> list[int]:
    """Make calls of *costs* tokens from several threads; return those that were let through."""
    made: list[int] = []
    waiting = list(enumerate(costs))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                index, cost = waiting.pop(0)
            try:
                ticket = ledger.reserve("kind", bound)
            except BudgetSpentError:
                return
            time.sleep(0.0005)
            ledger.settle(ticket, Cost(tokens=cost))
            with lock:
                made.append(index)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return made


@pytest.mark.parametrize("name", ["usd", "tokens", "minutes"])
def test_a_budget_of_nothing_is_refused(name: str) -> None:
    """A ceiling of 0 would stop everything; the setting is named."""
    with pytest.raises(ConfigError, match=f"budget.{name} is 0"):
        Budget(**{name: 0})


@settings(max_examples=30, deadline=None)
@given(
    costs=st.lists(st.integers(1, 50), min_size=1, max_size=60),
    ceiling=st.integers(1, 800),
)
def test_bounded_calls_never_exceed_the_ceiling(costs: list[int], ceiling: int) -> None:
    """Eight threads, costs up to the bound: the sum stays within, and room for one is used."""
    ledger = Ledger(Budget(tokens=ceiling))
    made = spend(ledger, costs, bound=Cost(tokens=50))
    assert ledger.spent.tokens == sum(costs[index] for index in made) <= ceiling
    if len(made) < len(costs):
        assert ledger.spent.tokens + 50 > ceiling
        assert ledger.reason == f"the budget of {ceiling:,} tokens has no room for another call"


def test_calls_of_unknown_cost_begin_one_by_one() -> None:
    """Nothing is known of the first, so it goes alone; the rest by the dearest so far."""
    ledger = Ledger(Budget(tokens=100))
    first = ledger.reserve("kind")
    seen: list[str] = []
    other = threading.Thread(target=lambda: seen.append(ledger.reserve("kind").kind))
    other.start()
    other.join(0.05)
    assert not seen
    ledger.settle(first, Cost(tokens=30))
    other.join(5)
    assert seen == ["kind"]
    ledger.reserve("kind")
    assert ledger.spent == Cost(tokens=30)


def test_equal_calls_of_unknown_bound_fill_the_budget_exactly() -> None:
    """Of 100 tokens at 7 a call, 14 calls are made, however many wait."""
    ledger = Ledger(Budget(tokens=100))
    made = spend(ledger, [7] * 50, bound=None)
    assert len(made) == 14
    assert ledger.spent == Cost(tokens=98)


def test_a_failed_first_call_teaches_nothing() -> None:
    """After a call that cost nothing because it failed the next still goes alone."""
    ledger = Ledger(Budget(tokens=10))
    ledger.settle(ledger.reserve("kind"), Cost(), was_answered=False)
    second = ledger.reserve("kind")
    started = threading.Event()

    def third() -> None:
        ledger.reserve("kind")
        started.set()

    threading.Thread(target=third, daemon=True).start()
    assert not started.wait(0.05)
    ledger.settle(second, Cost(tokens=4))
    assert started.wait(5)


def test_costs_that_stand_in_traces_are_read_before_the_budget_is_called_spent() -> None:
    """What was set aside for finished calls comes free once their traces are read."""
    costs = {f"trace-{n}": Cost(tokens=3) for n in range(100)}
    asked: list[str] = []

    def read(trace_ids: Iterable[str]) -> dict[str, Cost]:
        ids = list(trace_ids)
        asked.extend(ids)
        return {trace_id: costs[trace_id] for trace_id in ids}

    ledger = Ledger(Budget(tokens=100))
    ledger.read_with(read)
    for number in range(33):
        ledger.settle_by_trace(ledger.reserve("f"), f"trace-{number}")
    with pytest.raises(BudgetSpentError):
        ledger.reserve("f")
    assert ledger.spent == Cost(tokens=99)
    assert len(asked) == len(set(asked)) == 33


def test_a_budget_without_minutes_left_starts_no_call() -> None:
    """A call as long as the longest so far would end after the time: it is not begun."""
    now = [0.0]
    ledger = Ledger(Budget(minutes=1), clock=lambda: now[0])
    ticket = ledger.reserve("kind")
    now[0] = 25.0
    ledger.settle(ticket, Cost())
    now[0] = 34.0
    ledger.settle(ledger.reserve("kind"), Cost())
    now[0] = 36.0
    with pytest.raises(BudgetSpentError, match="1 minutes is over"):
        ledger.reserve("kind")


def test_what_was_set_aside_before_a_kill_counts(tmp_path: Path) -> None:
    """Of calls that were under way, nobody knows whether they were billed: they are."""
    with Journal(tmp_path, "plan") as journal:
        ledger = Ledger(Budget(usd=1.0))
        ledger.keep_in(journal)
        ledger.settle(ledger.reserve("kind", Cost(0.5, 10)), Cost(0.1, 2))
        ledger.reserve("kind", Cost(0.5, 10))
    with Journal(tmp_path, "plan") as journal:
        after = Ledger(Budget(usd=1.0))
        after.keep_in(journal)
        assert after.spent == Cost(0.6, 12)
        with pytest.raises(BudgetSpentError, match="1 USD has no room"):
            after.reserve("kind", Cost(0.5, 10))
    with Journal(tmp_path, "plan") as journal:
        raised = Ledger(Budget(usd=2.0))
        raised.keep_in(journal)
        raised.settle(raised.reserve("kind", Cost(0.5, 10)), Cost(0.25, 5))
        assert journal.costs() == (2, Cost(0.85, 17))


def test_waiting_for_room_is_told_apart_from_calling() -> None:
    """The seconds of the wait are given to who counts them."""
    now_s = [0.0]
    ledger = Ledger(Budget(tokens=10), clock=lambda: now_s[0])
    first = ledger.reserve("kind", Cost(tokens=8))

    def settle() -> None:
        now_s[0] = 5.0
        ledger.settle(first, Cost(tokens=1))

    waits_s = count_waits()
    threading.Timer(0.3, settle).start()
    ledger.reserve("kind", Cost(tokens=8))
    assert sum(waits_s) == 5.0


def test_costs_add_up_by_part() -> None:
    """Tokens are input and output together; what is not known is nothing."""
    assert Cost.of(Usage(3, 4), None) == Cost(0.0, 7)
    assert Cost.of(None, 0.5) == Cost(0.5, 0)
    assert Cost(1.0, 2) + Cost(0.5, 3) - Cost(1.0, 4) == Cost(0.5, 1)
    assert Cost(1.0, 2).or_more(Cost(0.5, 3)) == Cost(1.0, 3)
