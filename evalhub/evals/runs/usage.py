"""Read the tokens and the cost of calls back from their traces."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from evalhub.config import load_settings
from evalhub.evals.runs.budget import Cost
from evalhub.model import ExampleResult, TraceSummary, Usage
from evalhub.store import open_store
from evalhub.store.queries import get_summaries
from evalhub.tracing import flush

__all__ = ["costs_of", "is_readable", "with_usage"]

_SQL = ("sqlite", "postgresql")


def is_readable(url: str) -> bool:
    """Return whether what went to *url* can be read from here; a collector only takes."""
    return url.startswith(_SQL)


def with_usage(results: Sequence[ExampleResult], *, url: str | None) -> list[ExampleResult]:
    """Return *results* with the tokens and cost that their traces hold.

    What the target said itself stays where the trace knows nothing. They are None (unknown)
    when tracing is off, when the traces go somewhere that cannot be read here, and when no
    model reported any.
    """
    flush()
    summaries = _summaries([r.trace_id for r in results if r.trace_id], url)
    return [_with_usage(result, summaries) for result in results]


def costs_of(trace_ids: Iterable[str]) -> dict[str, Cost]:
    """Return what the stored traces cost, by their ids; what they do not say counts as nothing.

    A ledger reads by this what the calls of a function cost, which itself knows nothing.
    """
    flush()
    found = _summaries(list(trace_ids), None)
    return {trace_id: Cost.of(_usage(item), item.cost_usd) for trace_id, item in found.items()}


def _usage(summary: TraceSummary) -> Usage:
    return Usage(summary.input_tokens, summary.output_tokens)


def _summaries(trace_ids: Sequence[str], url: str | None) -> Mapping[str, TraceSummary]:
    store_url = url or load_settings().url
    if not trace_ids or not is_readable(store_url):
        return {}
    with open_store(store_url) as store, store.read() as connection:
        return get_summaries(connection, trace_ids)


def _with_usage(result: ExampleResult, summaries: Mapping[str, TraceSummary]) -> ExampleResult:
    summary = summaries.get(result.trace_id or "")
    if summary is None:
        return result
    known = summary.input_tokens is not None or summary.output_tokens is not None
    usage = _usage(summary) if known else result.usage
    cost_usd = result.cost_usd if summary.cost_usd is None else summary.cost_usd
    return replace(result, usage=usage, cost_usd=cost_usd)
