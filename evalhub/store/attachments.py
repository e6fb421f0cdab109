"""Attachments: which bytes belong to which span; the bytes are stored once, by their hash."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from evalhub.model import Attachment
from evalhub.store import dialect
from evalhub.store.tables import attachment, blob, span

__all__ = ["StoredAttachment", "add_attachments", "attachments_of", "get_blob"]


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """What an attachment is; :func:`get_blob` gives its bytes."""

    name: str
    mime_type: str
    sha256: str
    size: int
    """Bytes."""


def add_attachments(
    connection: Connection, by_span: Sequence[tuple[int, tuple[Attachment, ...]]]
) -> None:
    """Store what the spans of these rows carry. The rows are new."""
    contents: dict[str, bytes] = {}
    rows = []
    for span_row, attachments in by_span:
        for position, given in enumerate(attachments):
            digest = given.sha256
            contents[digest] = given.data
            rows.append((span_row, position, given.name, given.mime_type, digest))
    _add_blobs(connection, contents)
    columns = ("id", "position", "name", "mime_type", "sha256")
    dialect.insert_rows(connection, attachment, columns, rows)


def attachments_of(
    connection: Connection, trace_id: str
) -> dict[str, tuple[StoredAttachment, ...]]:
    """Return what the spans of a trace carry, by span id, in the order of the span."""
    query = (
        select(span.c.span_id, attachment, blob.c.size)
        .join_from(span, attachment, attachment.c.id == span.c.id)
        .join(blob, blob.c.sha256 == attachment.c.sha256)
        .where(span.c.trace_id == trace_id)
        .order_by(attachment.c.id, attachment.c.position)
    )
    found: dict[str, tuple[StoredAttachment, ...]] = {}
    for row in connection.execute(query):
        stored = StoredAttachment(row.name, row.mime_type, row.sha256, row.size)
        found[row.span_id] = (*found.get(row.span_id, ()), stored)
    return found


def get_blob(connection: Connection, sha256: str) -> bytes | None:
    """Return the bytes whose hash is *sha256*; None when there are none."""
    data: bytes | None = connection.execute(
        select(blob.c.data).where(blob.c.sha256 == sha256)
    ).scalar()
    return data


def _add_blobs(connection: Connection, contents: dict[str, bytes]) -> None:
    # Asked first, so that a picture that comes with each call crosses to the server once.
    digests = list(contents)
    for start in range(0, len(digests), dialect.PAIRS_AT_ONCE):
        some = digests[start : start + dialect.PAIRS_AT_ONCE]
        query = select(blob.c.sha256).where(blob.c.sha256.in_(some))
        for known in connection.execute(query).scalars():
            del contents[known]
    rows = [(digest, len(data), bytes(data)) for digest, data in contents.items()]
    if rows:
        dialect.insert_rows(connection, blob, ("sha256", "size", "data"), rows)
