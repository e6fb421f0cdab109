"""Scores on traces and spans: from people, users, metrics and judges."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from evalhub.model import Score, ScoreState
from evalhub.store import dialect
from evalhub.store.tables import score

__all__ = ["StoredScore", "add_scores", "get_scores"]


@dataclass(frozen=True, slots=True)
class StoredScore:
    """A score, what it is about and who gave it."""

    score: Score
    trace_id: str
    source: str
    """``human``, ``metric``, ``judge`` or ``user``."""
    created_ns: int
    span_id: str | None = None
    """None: the score is about the whole trace."""


def add_scores(connection: Connection, scores: Sequence[StoredScore]) -> None:
    """Store *scores*; a later one of the same name, source and signature replaces the earlier.

    The trace need not be there yet. *connection* is in a write transaction.
    """
    by_id = {_key(stored): _row(stored) for stored in scores}
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
