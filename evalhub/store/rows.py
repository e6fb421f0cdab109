"""Spans as rows, and rows as spans.

A span's columns are in groups, and an INSERT names only the groups that a span fills.
Most spans are no model call and have no session, tags or error; a column that is not
named costs nothing, while a NULL parameter costs the driver 0.3 microseconds.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row, Table

from evalhub.model import Span, SpanKind, Usage
from evalhub.store import tables
from evalhub.store.payload import fits_preview, pack, pack_events, preview, unpack, unpack_events
from evalhub.store.prices import PriceBook

__all__ = ["CALL_KINDS", "Converted", "reported", "span_of", "to_rows"]


class Converted(NamedTuple):
    """Spans as rows: what to insert, in this order, and what each span cost."""

    inserts: list[tuple[Table, tuple[str, ...], list[tuple[Any, ...]]]]
    costs: list[tuple[Span, float | None]]


class _Shape(NamedTuple):
    """Which groups of columns a span fills."""

    is_call: bool
    has_rest: bool
    has_payload: bool
    has_payload_rest: bool


CALL_KINDS = frozenset({SpanKind.LLM.value, SpanKind.EMBEDDING.value})
"""Kinds whose tokens a trace adds up."""

_SPAN = (
    "id",
    "trace_id",
    "span_id",
    "parent_id",
    "project",
    "name",
    "kind",
    "status",
    "start_ns",
    "end_ns",
    "input_preview",
    "output_preview",
)
_CALL = (
    "model",
    "provider",
    "input_tokens",
    "output_tokens",
    "is_call",
    "cost_usd",
    "price_id",
)
_REST = (
    "first_token_ns",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "session_id",
    "user_id",
    "tags",
    "error_preview",
)
_COST = _CALL.index("cost_usd")
_PAYLOAD = ("id", "inputs", "outputs")
_PAYLOAD_REST = ("attributes", "events", "error")

_TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)

_NO_USAGE = Usage()


def reported(span: Span) -> bool:
    """Return whether *span* is a model call that said how many tokens it took."""
    usage = span.usage
    return (
        usage is not None
        and (usage.input_tokens is not None or usage.output_tokens is not None)
        and span.kind in CALL_KINDS
    )


def to_rows(spans: Iterable[Span], book: PriceBook | None, *, first_id: int) -> Converted:
    """Return the rows of *spans*, numbered from *first_id*, and what each span cost.

    *book* may be None when no span has both a model and usage.
    """
    by_shape: dict[_Shape, list[Span]] = {}
    for span in spans:
        by_shape.setdefault(_shape(span), []).append(span)
    converted = Converted([], [])
    # Numbered shape by shape: each INSERT then appends, and splits no page.
    for shape, members in by_shape.items():
        _convert(shape, members, book, first_id + len(converted.costs), converted)
    return converted


def _shape(span: Span) -> _Shape:
    return _Shape(
        span.usage is not None or span.model is not None or span.provider is not None,
        _has_rest(span),
        not (fits_preview(span.inputs) and fits_preview(span.outputs)),
        span.attributes is not None or span.error is not None or bool(span.events),
    )


def _convert(
    shape: _Shape, spans: Sequence[Span], book: PriceBook | None, first_id: int, into: Converted
) -> None:
    rows, payloads = [], []
    for number, span in enumerate(spans, first_id):
        row = _span_row(number, span)
        cost = None
        if shape.is_call:
            call = _call_row(span, book)
            cost = call[_COST]
            row += call
        if shape.has_rest:
            row += _rest_row(span)
        if shape.has_payload_rest:
            payloads.append(_payload_row(number, span) + _payload_rest_row(span))
        elif shape.has_payload:
            payloads.append(_payload_row(number, span))
        rows.append(row)
        into.costs.append((span, cost))
    columns = _SPAN + _CALL * shape.is_call + _REST * shape.has_rest
    into.inserts.append((tables.span, columns, rows))
    if not payloads:
        return
    payload_columns = _PAYLOAD + _PAYLOAD_REST * shape.has_payload_rest
    into.inserts.append((tables.span_payload, payload_columns, payloads))


def _span_row(number: int, span: Span) -> tuple[Any, ...]:
    inputs, outputs = span.inputs, span.outputs
    return (
        number,
        span.trace_id,
        span.span_id,
        span.parent_id,
        span.project,
        span.name,
        span.kind,
        span.status,
        span.start_ns,
        span.end_ns,
        None if inputs is None else preview(inputs),
        None if outputs is None else preview(outputs),
    )


def _payload_row(number: int, span: Span) -> tuple[Any, ...]:
    inputs, outputs = span.inputs, span.outputs
    return (
        number,
        None if inputs is None or fits_preview(inputs) else pack(inputs),
        None if outputs is None or fits_preview(outputs) else pack(outputs),
    )


def _call_row(span: Span, book: PriceBook | None) -> tuple[Any, ...]:
    usage, cost, price_id = span.usage, None, None
    if usage is None:
        return (span.model, span.provider, None, None, 0, None, None)
    if book is not None and span.model is not None:
        price = book.find(span.model, span.provider, span.start_ns)
        if price is not None and (cost := price.cost(usage)) is not None:
            price_id = price.id
    is_call = int(reported(span))
    tokens = (usage.input_tokens, usage.output_tokens)
    return (span.model, span.provider, *tokens, is_call, cost, price_id)


def _has_rest(span: Span) -> bool:
    usage = span.usage
    return (
        span.session_id is not None
        or span.error is not None
        or span.first_token_ns is not None
        or span.user_id is not None
        or bool(span.tags)
        or (
            usage is not None
            and (
                usage.cache_read_tokens is not None
                or usage.reasoning_tokens is not None
                or usage.cache_write_tokens is not None
            )
        )
    )


def _rest_row(span: Span) -> tuple[Any, ...]:
    usage = span.usage or _NO_USAGE
    return (
        span.first_token_ns,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        span.session_id,
        span.user_id,
        orjson.dumps(span.tags).decode() if span.tags else None,
        None if span.error is None else span.error[:200],
    )


def _payload_rest_row(span: Span) -> tuple[Any, ...]:
    return (
        None if span.attributes is None else pack(span.attributes),
        pack_events(span.events) if span.events else None,
        span.error,
    )


def span_of(row: Row[Any]) -> Span:
    """Return the span of a row of ``span`` joined with its ``span_payload``."""
    tokens = [getattr(row, name) for name in _TOKENS]
    has_usage = any(value is not None for value in tokens)
    return Span(
        trace_id=row.trace_id,
        span_id=row.span_id,
        parent_id=row.parent_id,
        project=row.project,
        name=row.name,
        kind=row.kind,
        status=row.status,
        start_ns=row.start_ns,
        end_ns=row.end_ns,
        first_token_ns=row.first_token_ns,
        model=row.model,
        provider=row.provider,
        usage=Usage(*tokens) if has_usage else None,
        session_id=row.session_id,
        user_id=row.user_id,
        tags=tuple(orjson.loads(row.tags)) if row.tags else (),
        inputs=_either(row.inputs, row.input_preview),
        outputs=_either(row.outputs, row.output_preview),
        attributes=unpack(row.attributes),
        error=row.error,
        events=unpack_events(row.events),
    )


def _either(payload: bytes | None, preview_of_it: str | None) -> bytes | None:
    if payload is None and preview_of_it is not None:
        return preview_of_it.encode()
    return unpack(payload)
