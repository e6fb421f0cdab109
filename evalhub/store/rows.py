"""Spans as rows.

A span's columns are in groups, and an INSERT names only the groups that a span fills.
Most spans are no model call and have no session, tags or error; a column that is not
named costs nothing, while a NULL parameter costs the driver 0.3 microseconds.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Table

from evalhub.model import Attachment, Span, SpanKind, Usage
from evalhub.store import tables
from evalhub.store.payload import fits_preview, pack, pack_events, preview
from evalhub.store.prices import PriceBook

__all__ = ["CALL_KINDS", "Converted", "reported", "to_rows"]


class Converted(NamedTuple):
    """Spans as rows: what to insert, in this order, what each span cost, what it carries."""

    inserts: list[tuple[Table, tuple[str, ...], list[tuple[Any, ...]]]]
    costs: list[tuple[Span, float | None]]
    attachments: list[tuple[int, tuple[Attachment, ...]]]
    """By the number of the span's row."""


class _Shape(NamedTuple):
    """Which groups of columns a span fills."""

    is_call: bool
    is_rare_call: bool
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
_RARE_CALL = ("audio_input_tokens", "audio_output_tokens", "tier")
_COST = _CALL.index("cost_usd")
_PAYLOAD = ("id", "inputs", "outputs")
_PAYLOAD_REST = ("attributes", "events", "error")

_NO_USAGE = Usage()


def reported(span: Span) -> bool:
    """Return whether *span* is a model call that said how many tokens it took."""
    usage = span.usage
    return (
        usage is not None
        and (usage.input_tokens is not None or usage.output_tokens is not None)
        and span.kind in CALL_KINDS
    )


def to_rows(
    spans: Iterable[Span],
    book: PriceBook | None,
    *,
    first_id: int,
    producer_id: int | None = None,
) -> Converted:
    """Return the rows of *spans*, numbered from *first_id*, and what each span cost.

    *book* may be None when no span has both a model and usage; *producer_id* when
    nobody said which process the spans are from.
    """
    by_shape: dict[_Shape, list[Span]] = {}
    for span in spans:
        by_shape.setdefault(_shape(span), []).append(span)
    converted = Converted([], [], [])
    whose = () if producer_id is None else (producer_id,)
    # Numbered shape by shape: each INSERT then appends, and splits no page.
    for shape, members in by_shape.items():
        number = first_id + len(converted.costs)
        _convert(shape, members, converted, book=book, whose=whose, first_id=number)
    return converted


def _shape(span: Span) -> _Shape:
    usage = span.usage
    return _Shape(
        usage is not None or span.model is not None or span.provider is not None,
        usage is not None and _is_rare(usage),
        _has_rest(span),
        not (fits_preview(span.inputs) and fits_preview(span.outputs)),
        span.attributes is not None or span.error is not None or bool(span.events),
    )


def _convert(
    shape: _Shape,
    spans: Sequence[Span],
    into: Converted,
    *,
    book: PriceBook | None,
    whose: tuple[int, ...],
    first_id: int,
) -> None:
    rows, payloads = [], []
    for number, span in enumerate(spans, first_id):
        row = _span_row(number, span)
        cost = None
        if whose:
            row += whose
        if shape.is_call:
            call = _call_row(span, book)
            cost = call[_COST]
            row += call
        if shape.is_rare_call:
            row += _rare_call_row(span)
        if shape.has_rest:
            row += _rest_row(span)
        if shape.has_payload_rest:
            payloads.append(_payload_row(number, span) + _payload_rest_row(span))
        elif shape.has_payload:
            payloads.append(_payload_row(number, span))
        if span.attachments:
            into.attachments.append((number, span.attachments))
        rows.append(row)
        into.costs.append((span, cost))
    columns = _SPAN + ("producer_id",) * len(whose) + _CALL * shape.is_call
    columns += _RARE_CALL * shape.is_rare_call + _REST * shape.has_rest
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
        price = book.find(span.model, span.provider, span.start_ns, tier=usage.tier)
        if price is not None and (cost := price.cost(usage)) is not None:
            price_id = price.id
    is_call = int(reported(span))
    tokens = (usage.input_tokens, usage.output_tokens)
    return (span.model, span.provider, *tokens, is_call, cost, price_id)


def _is_rare(usage: Usage) -> bool:
    return (
        usage.tier is not None
        or usage.audio_input_tokens is not None
        or usage.audio_output_tokens is not None
    )


def _rare_call_row(span: Span) -> tuple[Any, ...]:
    usage = span.usage or _NO_USAGE
    return (usage.audio_input_tokens, usage.audio_output_tokens, usage.tier)


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
