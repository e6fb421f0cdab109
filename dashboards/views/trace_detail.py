"""One trace: its spans as tree and waterfall, and the chosen span to read."""

import time

import streamlit as st

from evalhub.dashboards import data, formats
from evalhub.dashboards.board import board
from evalhub.dashboards.chat import document_cards, error_block, message_list, text_block
from evalhub.dashboards.documents import documents
from evalhub.dashboards.markup import Element, chip, element
from evalhub.dashboards.messages import conversation
from evalhub.dashboards.payload import decode, plain, pretty
from evalhub.dashboards.scorelist import score_list
from evalhub.dashboards.tree import arrange
from evalhub.dashboards.views.attachment import show_attachment
from evalhub.dashboards.waterfall import waterfall
from evalhub.model import Span, SpanKind, SpanStatus, TraceSummary, Usage
from evalhub.store import StoredSpan, TraceDetail

__all__ = ["show", "span_body"]

_FINDS_DOCUMENTS = frozenset({SpanKind.RETRIEVER, SpanKind.RERANKER})


def show(url: str, trace_id: str) -> None:
    """Draw the trace of *trace_id*; the address's ``span`` names the chosen span."""
    st.button("All traces", icon=":material/arrow_back:", type="tertiary", on_click=_leave)
    detail = data.trace(url, trace_id)
    if detail is None:
        missing = formats.literal(f"There is no trace {trace_id!r} in this store.")
        st.warning(missing, icon=":material/search_off:")
        return
    board(_summary(detail.summary), key="summary")
    reasons = data.missing(url, detail.summary.trace_id).reasons(time.time_ns())
    if reasons:
        line = formats.literal(f"This trace is incomplete: {'; '.join(reasons)}.")
        st.warning(line, icon=":material/warning:")
    scores = data.scores(url, detail.summary.trace_id)
    if scores:
        board(score_list(scores), key="scores")
    left, right = st.columns([6, 5], gap="medium")
    chosen = _chosen(detail)
    with left:
        spans = [stored.span for stored in detail.spans]
        board(waterfall(spans, selected=chosen.span.span_id), key="waterfall", on_pick=_choose)
    with right:
        _show_span(url, chosen)


def span_body(span: Span) -> Element:
    """Return what *span* was given and gave back, in its most readable form."""
    parts = [error_block(span.error)] if span.error else []
    found = documents(span) if span.kind in _FINDS_DOCUMENTS else ()
    said = conversation(span) if not found else ()
    if said:
        parts.append(message_list(said))
    elif span.inputs is not None:
        parts.append(text_block("Input", plain(decode(span.inputs))))
    if found:
        parts.append(document_cards(found))
    elif not said and span.outputs is not None:
        parts.append(text_block("Output", plain(decode(span.outputs))))
    return element("div", *parts, css="messages")


def _leave() -> None:
    for name in ("trace", "span"):
        st.query_params.pop(name, None)


def _choose(span_id: str) -> None:
    st.query_params["span"] = span_id


def _chosen(detail: TraceDetail) -> StoredSpan:
    """Return the span that the address names, else the first that failed, else the root."""
    named = st.query_params.get("span")
    by_id = {stored.span.span_id: stored for stored in detail.spans}
    if named in by_id:
        return by_id[named]
    rows = arrange([stored.span for stored in detail.spans])
    failed = [row for row in rows if row.span.status == SpanStatus.ERROR]
    # The deepest failure is where the error began; its callers only passed it on.
    first = max(failed, key=lambda row: row.depth) if failed else rows[0]
    return by_id[first.span.span_id]


def _show_span(url: str, stored: StoredSpan) -> None:
    span = stored.span
    board(_span_facts(stored), key="span_facts")
    board(span_body(span), key="span_body")
    for position, item in enumerate(stored.attachments):
        show_attachment(item, data.attachment(url, item.sha256), key=f"attachment_{position}")
    with st.expander("Raw JSON", icon=":material/data_object:"):
        for title, payload in (
            ("Inputs", span.inputs),
            ("Outputs", span.outputs),
            ("Attributes", span.attributes),
        ):
            if payload is not None:
                st.caption(title)
                st.code(pretty(decode(payload)), language="json", wrap_lines=True)
        st.caption(f"Trace {span.trace_id} · span {span.span_id}")


def _summary(trace: TraceSummary) -> Element:
    failed = trace.status == SpanStatus.ERROR
    return _facts(
        trace.name,
        chip("error", tone="error") if failed else chip("ok", tone="ok"),
        [
            ("Latency", formats.duration(trace.duration_ms)),
            ("Spans", formats.compact(trace.spans)),
            ("Tokens in / out", _pair(trace.input_tokens, trace.output_tokens)),
            ("Cost", "unknown" if trace.cost_usd is None else formats.cost(trace.cost_usd)),
            ("Started (UTC)", formats.timestamp(trace.start_ns)),
            ("Project", trace.project),
            ("Session", trace.session_id),
            ("User", trace.user_id),
        ],
    )


def _span_facts(stored: StoredSpan) -> Element:
    span = stored.span
    usage = span.usage or Usage()
    is_model = span.kind in (SpanKind.LLM, SpanKind.EMBEDDING) or span.usage is not None
    first = span.first_token_ns
    return _facts(
        span.name,
        chip(span.kind, tone=f"kind-{span.kind}"),
        [
            ("Latency", formats.duration(span.duration_ms)),
            ("First token", formats.duration((first - span.start_ns) / 1e6) if first else None),
            ("Model", span.model),
            (
                "Tokens in / out",
                _pair(usage.input_tokens, usage.output_tokens) if is_model else None,
            ),
            (
                "Cached",
                formats.compact(usage.cache_read_tokens) if usage.cache_read_tokens else None,
            ),
            (
                "Reasoning",
                formats.compact(usage.reasoning_tokens) if usage.reasoning_tokens else None,
            ),
            (
                "Audio in / out",
                _pair(usage.audio_input_tokens, usage.audio_output_tokens)
                if usage.audio_input_tokens or usage.audio_output_tokens
                else None,
            ),
            ("Tier", usage.tier),
            ("Cost", _span_cost(stored) if is_model else None),
            ("Tags", ", ".join(span.tags)),
        ],
    )


def _span_cost(stored: StoredSpan) -> str:
    return "unknown" if stored.cost_usd is None else formats.cost(stored.cost_usd)


def _pair(taken: int | None, given: int | None) -> str:
    if taken is None and given is None:
        return formats.UNKNOWN
    return f"{formats.compact(taken)} / {formats.compact(given)}"


def _facts(title: str, mark: Element, facts: list[tuple[str, str | None]]) -> Element:
    pairs = [
        element("div", element("dt", name, css="quiet"), element("dd", value))
        for name, value in facts
        if value
    ]
    return element("dl", element("h3", title), element("div", mark), *pairs, css="facts")
