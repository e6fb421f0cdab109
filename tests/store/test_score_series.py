"""Scores over time, in SQLite and in PostgreSQL."""

from collections.abc import Callable

import pytest

from evalhub.errors import StoreError
from evalhub.model import Score, ScoreState, Span
from evalhub.store import Store, StoredScore, TraceFilter
from evalhub.store.score_series import ScorePoint, ScoreSeries, score_series
from evalhub.store.scores import add_scores
from evalhub.store.spans import add_spans

HOUR_NS = 3600 * 10**9


def test_means_of_each_kind_of_score(store: Store, make_span: Callable[..., Span]) -> None:
    """By name, source and signature; what has no value is counted, and a span's is another's."""
    spans = [
        make_span(f"{n}", trace_id=f"t{n}", start_ns=n * HOUR_NS // 2, end_ns=n * HOUR_NS)
        for n in range(4)
    ]
    given = [
        StoredScore(Score("m", value, "v:1", state), f"t{n}", "judge", 1)
        for n, (value, state) in enumerate(
            [
                (1.0, ScoreState.SCORED),
                (2.0, ScoreState.SCORED),
                (None, ScoreState.ERRORED),
                (4.0, ScoreState.SCORED),
            ]
        )
    ]
    other = StoredScore(Score("m", 9.0, "v:2"), "t0", "judge", 1)
    of_span = StoredScore(Score("m", 9.0, "v:1"), "t0", "judge", 1, span_id=spans[0].span_id)
    with store.begin() as connection:
        add_spans(connection, spans)
        add_scores(connection, [*given, other, of_span])
    with store.read() as connection:
        found = score_series(connection, TraceFilter(), bucket_ns=HOUR_NS)
        none = score_series(connection, TraceFilter(project="no such"), bucket_ns=HOUR_NS)
        with pytest.raises(StoreError, match="bucket_ns is 0"):
            score_series(connection, TraceFilter(), bucket_ns=0)
    assert found == [
        ScoreSeries(
            "m", "judge", "v:1", (ScorePoint(0, 1.5, 2, 0), ScorePoint(HOUR_NS, 4.0, 1, 1))
        ),
        ScoreSeries("m", "judge", "v:2", (ScorePoint(0, 9.0, 1, 0),)),
    ]
    assert none == []
