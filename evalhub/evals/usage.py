"""Read the tokens and the cost of calls back from their traces."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evalhub.config import load_settings
from evalhub.model import ExampleResult, TraceSummary, Usage
from evalhub.store import open_store
from evalhub.store.queries import get_summaries
from evalhub.tracing import flush

__all__ = ["with_usage"]

_SQL = ("sqlite", "postgresql")


def with_usage(results: Sequence[ExampleResult], *, url: str | None) -> list[ExampleResult]:
    """Return *results* with the tokens and cost that their traces hold.

    They stay None (unknown) when tracing is off, when the traces go somewhere that
    cannot be read here, and when no model reported any.
    """
    flush()
    summaries = _summaries([r.trace_id for r in results if r.trace_id], url)
    return [_with_usage(result, summaries) for result in results]


def _summaries(trace_ids: Sequence[str], url: str | None) -> Mapping[str, TraceSummary]:
    store_url = url or load_settings().url
    if not trace_ids or not store_url.startswith(_SQL):
        return {}
    with open_store(store_url) as store, store.read() as connection:
        return get_summaries(connection, trace_ids)


def _with_usage(result: ExampleResult, summaries: Mapping[str, TraceSummary]) -> ExampleResult:
    summary = summaries.get(result.trace_id or "")
    if summary is None:
        return result
    known = summary.input_tokens is not None or summary.output_tokens is not None
    usage = Usage(summary.input_tokens, summary.output_tokens) if known else None
    return replace(result, usage=usage, cost_usd=summary.cost_usd)
