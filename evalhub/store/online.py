"""What online evaluation keeps in the store: who is at work, how far it is, what was scored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from evalhub.store import dialect
from evalhub.store.queries import TraceFilter, conditions
from evalhub.store.tables import score, setting, trace

__all__ = ["WindowScore", "given_scores", "read_state", "window_scores", "write_state"]

_PREFIX = "online:"
_SOURCES = ("metric", "judge")


@dataclass(frozen=True, slots=True)
class WindowScore:
    """One score of one trace."""

    trace_id: str
    session_id: str | None
    value: float | None
    signature: str
    created_ns: int


def read_state(connection: Connection, name: str) -> dict[str, Any]:
    """Return what :func:`write_state` kept under *name*; empty when nothing was."""
    query = select(setting.c.value).where(setting.c.key == _PREFIX + name)
    value: str | None = connection.execute(query).scalar()
    found: dict[str, Any] = {} if value is None else orjson.loads(value)
    return found


def write_state(connection: Connection, name: str, state: Mapping[str, Any]) -> None:
    """Keep *state*, which JSON can hold; *connection* is in a write transaction."""
    value = orjson.dumps(dict(state)).decode()
    statement = dialect.insert(connection, setting).values(key=_PREFIX + name, value=value)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
    )


def given_scores(
    connection: Connection, trace_ids: Sequence[str], names: Collection[str]
) -> dict[str, set[tuple[str, str]]]:
    """Return the name and signature of each score in *names* that metrics and judges gave a trace.

    A score that could not be given counts: it was tried.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for start in range(0, len(trace_ids), dialect.PAIRS_AT_ONCE):
        some = trace_ids[start : start + dialect.PAIRS_AT_ONCE]
        query = select(score.c.trace_id, score.c.name, score.c.signature).where(
            score.c.trace_id.in_(some),
            score.c.span_id.is_(None),
            score.c.name.in_(names),
            score.c.source.in_(_SOURCES),
        )
        for trace_id, name, signature in connection.execute(query):
            found.setdefault(trace_id, set()).add((name, signature))
    return found


def window_scores(connection: Connection, traces: TraceFilter, name: str) -> list[WindowScore]:
    """Return the scores called *name* of *traces*, in the order in which they were given."""
    query = (
        select(
            score.c.trace_id,
            trace.c.session_id,
            score.c.value,
            score.c.signature,
            score.c.created_ns,
        )
        .join(trace, trace.c.trace_id == score.c.trace_id)
        .where(*conditions(traces))
        .where(score.c.name == name, score.c.span_id.is_(None), score.c.source.in_(_SOURCES))
        .order_by(score.c.created_ns, score.c.trace_id)
    )
    return [WindowScore(*row) for row in connection.execute(query)]
