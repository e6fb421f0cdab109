"""Scores on traces and spans: from people, users, metrics and judges."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from evalhub.model import Score, ScoreState, SpanScore
from evalhub.store import dialect
from evalhub.store.cleaning import clean_text
from evalhub.store.tables import score

__all__ = ["StoredScore", "add_scores", "add_span_scores", "get_scores"]


@dataclass(frozen=True, slots=True)
class StoredScore:
    """A score, what it is about and who gave it."""

    score: Score
    trace_id: str
    source: str
    """``human``, ``metric``, ``judge``, ``user``, or ``code`` for the traced program."""
    created_ns: int
    span_id: str | None = None
    """None: the score is about the whole trace."""


def add_scores(connection: Connection, scores: Sequence[StoredScore]) -> None:
    """Store *scores*; a later one of the same name, source and signature replaces the earlier.

    The trace need not be there yet. *connection* is in a write transaction.
    """
    _put(connection, {_key(stored): _row(stored) for stored in scores})


def add_span_scores(connection: Connection, scores: Sequence[SpanScore]) -> int:
    """Store what traced programs say and return how many had not been stored before.

    A later one of the same id replaces the earlier, and is another record of its
    program. The trace need not be there yet. *connection* is in a write transaction.
    """
    records = {(given.id, given.created_ns) for given in scores}
    new = len(records - _known(connection, [given.id for given in scores]))
    _put(connection, {given.id: _span_score_row(given) for given in scores})
    return new


def _known(connection: Connection, ids: Sequence[str]) -> set[tuple[str, int]]:
    known: set[tuple[str, int]] = set()
    for start in range(0, len(ids), dialect.PAIRS_AT_ONCE):
        some = ids[start : start + dialect.PAIRS_AT_ONCE]
        query = select(score.c.id, score.c.created_ns).where(score.c.id.in_(some))
        known.update((row.id, row.created_ns) for row in connection.execute(query))
    return known


def _put(connection: Connection, by_id: dict[str, dict[str, Any]]) -> None:
    if not by_id:
        return
    statement = dialect.insert(connection, score)
    replaced = {c.name: statement.excluded[c.name] for c in score.columns if c.name != "id"}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_=replaced),
        list(by_id.values()),
    )


def get_scores(connection: Connection, trace_id: str) -> list[StoredScore]:
    """Return the scores of a trace and its spans, oldest first."""
    query = select(score).where(score.c.trace_id == trace_id)
    rows = connection.execute(query.order_by(score.c.created_ns, score.c.id))
    return [_stored(row) for row in rows]


def _key(stored: StoredScore) -> str:
    natural = (
        stored.trace_id,
        stored.span_id or "",
        stored.source,
        stored.score.name,
        stored.score.signature,
    )
    return hashlib.sha256("\0".join(natural).encode()).hexdigest()[:32]


def _row(stored: StoredScore) -> dict[str, Any]:
    given = stored.score
    return {
        "id": _key(stored),
        "trace_id": stored.trace_id,
        "span_id": stored.span_id,
        "source": stored.source,
        "name": given.name,
        "value": given.value,
        "state": given.state.value,
        "label": given.label,
        "explanation": given.explanation,
        "signature": given.signature,
        "created_ns": stored.created_ns,
    }


def _span_score_row(given: SpanScore) -> dict[str, Any]:
    return {
        "id": given.id,
        "trace_id": given.trace_id,
        "span_id": given.span_id,
        "source": clean_text(given.source),
        "name": clean_text(given.name),
        "value": given.value,
        "state": ScoreState.SCORED.value,
        "label": clean_text(given.label),
        "explanation": clean_text(given.explanation),
        "signature": "",  # no metric gave it
        "created_ns": given.created_ns,
    }


def _stored(row: Row[Any]) -> StoredScore:
    given = Score(
        name=row.name,
        value=row.value,
        signature=row.signature,
        state=ScoreState(row.state),
        label=row.label,
        explanation=row.explanation,
    )
    return StoredScore(given, row.trace_id, row.source, row.created_ns, row.span_id)
