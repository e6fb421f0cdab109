"""What a retriever found, as documents with scores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalhub.dashboards.payload import decode, field, pretty
from evalhub.model import Span

__all__ = ["Document", "documents"]

_LIST_KEYS = ("documents", "output", "outputs", "results", "chunks", "matches", "hits")
_TEXT_KEYS = ("content", "page_content", "text", "document", "chunk")
_SCORE_KEYS = ("score", "relevance_score", "similarity", "distance")


@dataclass(frozen=True, slots=True)
class Document:
    """One retrieved piece of text, best first where the retriever ranked."""

    text: str
    id: str | None = None
    title: str | None = None
    score: float | None = None


def documents(span: Span) -> tuple[Document, ...]:
    """Return the documents that *span* retrieved or ranked; empty if it has none."""
    return tuple(_documents(decode(span.outputs)))


def _documents(value: Any) -> Iterator[Document]:
    if isinstance(value, Mapping):
        for key in _LIST_KEYS:
            if isinstance(value.get(key), list):
                yield from _documents(value[key])
                return
    if isinstance(value, list):
        yield from (_document(item) for item in value)


def _document(value: Any) -> Document:
    if isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[1], int | float):
        return _document({"text": value[0], "score": value[1]})
    if not isinstance(value, Mapping):
        return Document(pretty(value))
    inner = value.get("document")
    if isinstance(inner, Mapping):  # OpenInference: {"document": {...}, "score": ...}
        value = {**inner, **{key: item for key, item in value.items() if key != "document"}}
    metadata = value.get("metadata")
    extra = metadata if isinstance(metadata, Mapping) else {}
    text = field(value, *_TEXT_KEYS)
    identity = field({**extra, **value}, "id", "document_id", "chunk_id", "key")
    title = field({**extra, **value}, "title", "source", "name")
    return Document(
        pretty(value) if text is None else pretty(text),
        None if identity is None else str(identity),
        None if title is None else str(title),
        _number(field({**extra, **value}, *_SCORE_KEYS)),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
