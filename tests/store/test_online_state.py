"""What online evaluation keeps, in SQLite and in PostgreSQL."""

import json
from collections.abc import Callable

from evalhub.model import Score, ScoreState, Span
from evalhub.store import Store, StoredScore, TraceFilter
from evalhub.store.online import given_scores, read_state, window_scores, write_state
from evalhub.store.scores import add_scores
from evalhub.store.spans import add_spans


def given(
    trace_id: str, name: str, value: float | None, created_ns: int, source: str
) -> StoredScore:
    """Return a score of a whole trace."""
    state = ScoreState.ERRORED if value is None else ScoreState.SCORED
    return StoredScore(Score(name, value, f"{name}|v:1", state), trace_id, source, created_ns)


def test_state_is_kept_by_name(store: Store) -> None:
    """A later state replaces the earlier; another name has its own."""
    with store.begin() as connection:
        write_state(connection, "a", {"owner": "x"})
        write_state(connection, "a", {"owner": None, "bounds": {"m": [0.0, 1.0]}})
    with store.read() as connection:
        assert read_state(connection, "a") == {"owner": None, "bounds": {"m": [0.0, 1.0]}}
        assert read_state(connection, "b") == {}


def test_scores_of_a_window(store: Store, make_span: Callable[..., Span]) -> None:
    """Those of the wanted traces, as they were given; a person's, and a span's, are others."""
    spans = [
        make_span(
            f"{number}",
            trace_id=f"t{number}",
            project="other" if number == 3 else "support",
            session_id="s" if number < 2 else None,
            inputs=json.dumps({}).encode(),
        )
        for number in range(5)
    ]
    start_ns = spans[0].start_ns
    with store.begin() as connection:
        add_spans(connection, spans)
        add_scores(
            connection,
            [
                given("t1", "m", 0.5, 20, "metric"),
                given("t0", "m", 1.0, 30, "judge"),
                given("t2", "m", None, 10, "metric"),
                given("t3", "m", 0.1, 1, "metric"),
                given("t4", "m", 0.1, 1, "human"),
                given("t4", "other", 0.1, 1, "metric"),
            ],
        )
    with store.read() as connection:
        wanted = TraceFilter(project="support", since_ns=start_ns, until_ns=start_ns + 1)
        found = window_scores(connection, wanted, "m")
        done = given_scores(connection, [f"t{number}" for number in range(6)], ["m", "n"])
        nothing = window_scores(connection, TraceFilter(since_ns=start_ns + 1), "m")
    assert [(one.trace_id, one.session_id, one.value) for one in found] == [
        ("t2", None, None),
        ("t1", "s", 0.5),
        ("t0", "s", 1.0),
    ]
    assert done == {f"t{number}": {("m", "m|v:1")} for number in range(4)}
    assert nothing == []
