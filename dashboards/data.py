"""What the pages read, kept for a few seconds so that a click does not query again.

The store is opened for each query that is not cached: opening takes milliseconds,
and a store that was moved, locked or upgraded is seen as it is now.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from evalhub._optional import require
from evalhub.errors import TrackerError, TrackerUnavailableError
from evalhub.evals.gates.compare import Comparison, compare
from evalhub.experiments import RunInfo, Tracker
from evalhub.experiments.outbox import default_outbox
from evalhub.experiments.outbox_tracker import OutboxTracker
from evalhub.model import Experiment, TraceSummary
from evalhub.store import (
    Completeness,
    NameTotals,
    OverviewBucket,
    StoredScore,
    TimeExtent,
    TraceCursor,
    TraceDetail,
    TraceFilter,
    open_store,
    queries,
)
from evalhub.store import overview as sums
from evalhub.store import score_series as series
from evalhub.store.attachments import get_blob
from evalhub.store.completeness import completeness
from evalhub.store.score_series import ScoreSeries
from evalhub.store.scores import get_scores

__all__ = [
    "attachment",
    "by_name",
    "compare_runs",
    "experiment",
    "extent",
    "missing",
    "overview",
    "projects",
    "run",
    "runs",
    "score_series",
    "scores",
    "totals",
    "trace",
    "traces",
    "unsent_runs",
]

_FRESH_S = 5
_KEPT = 64
_ALL_TIME_NS = 2**62
"""A bucket that holds every moment until the year 2116."""


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner=False)
def projects(url: str) -> list[str]:
    """Return the names of the store's projects."""
    with _reading(url) as connection:
        return queries.list_projects(connection)


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner=False)
def overview(url: str, chosen: TraceFilter, bucket_ns: int) -> list[OverviewBucket]:
    """Return counts and percentiles in stretches of *bucket_ns*, oldest first."""
    with _reading(url) as connection:
        return sums.overview(connection, chosen, bucket_ns=bucket_ns)


def totals(url: str, chosen: TraceFilter) -> OverviewBucket | None:
    """Return counts and percentiles over all *chosen* traces, None without a trace."""
    return next(iter(overview(url, chosen, _ALL_TIME_NS)), None)


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner=False)
def extent(url: str, chosen: TraceFilter) -> TimeExtent | None:
    """Return when the first and the last trace started, None without a trace."""
    with _reading(url) as connection:
        return sums.extent(connection, chosen)


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner=False)
def by_name(url: str, chosen: TraceFilter, *, limit: int) -> list[NameTotals]:
    """Return counts and percentiles of the names with most traces."""
    with _reading(url) as connection:
        return sums.by_name(connection, chosen, limit=limit)


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner=False)
def score_series(url: str, chosen: TraceFilter, bucket_ns: int) -> list[ScoreSeries]:
    """Return the means over time of what metrics, judges and people gave the traces."""
    with _reading(url) as connection:
        return series.score_series(connection, chosen, bucket_ns=bucket_ns)


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner=False)
def traces(
    url: str, chosen: TraceFilter, *, limit: int, before: TraceCursor | None = None
) -> list[TraceSummary]:
    """Return at most *limit* traces, newest first, from the cursor *before* on."""
    with _reading(url) as connection:
        return queries.list_traces(connection, chosen, limit=limit, before=before)


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner=False)
def trace(url: str, trace_id: str) -> TraceDetail | None:
    """Return one trace with all its spans, None if there is none of this id."""
    with _reading(url) as connection:
        return queries.get_trace(connection, trace_id)


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner=False)
def missing(url: str, trace_id: str) -> Completeness:
    """Return what is known to be missing of one trace."""
    with _reading(url) as connection:
        return completeness(connection, trace_id)


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner=False)
def scores(url: str, trace_id: str) -> list[StoredScore]:
    """Return what was said of one trace and its spans, oldest first."""
    with _reading(url) as connection:
        return get_scores(connection, trace_id)


# Bytes never change under their hash, but they are large: few are kept.
@st.cache_data(max_entries=8, show_spinner=False)
def attachment(url: str, sha256: str) -> bytes | None:
    """Return the bytes of an attachment, None if they are gone."""
    with _reading(url) as connection:
        return get_blob(connection, sha256)


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner="Reading the runs")
def runs(mlflow_url: str, *, limit: int) -> list[RunInfo]:
    """Return at most *limit* of the experiments that MLflow keeps, newest first.

    Raises:
        MissingExtraError: MLflow is not installed.
        TrackerError: MLflow did not answer.
    """
    return _mlflow(mlflow_url).list_runs(limit=limit)


def unsent_runs() -> list[RunInfo]:
    """Return the experiments that are kept here until MLflow takes them, newest first."""
    # Not cached: mostly there are none, and one that was sent this moment is MLflow's.
    return default_outbox().waiting()[::-1]


@st.cache_data(ttl=_FRESH_S, max_entries=_KEPT, show_spinner=False)
def run(mlflow_url: str, run_id: str) -> RunInfo | None:
    """Return what lists show of one kept experiment, None where there is none of this id."""
    try:
        return _tracker(mlflow_url).info(run_id)
    except TrackerUnavailableError:
        raise
    except TrackerError:
        return None


# A logged run never changes, so it is kept until others push it out.
@st.cache_data(max_entries=_KEPT, show_spinner="Reading the run")
def experiment(mlflow_url: str, run_id: str) -> Experiment:
    """Return one kept experiment with its examples."""
    return _tracker(mlflow_url).load(run_id)


@st.cache_data(max_entries=_KEPT, show_spinner="Comparing")
def compare_runs(mlflow_url: str, baseline_id: str, candidate_id: str) -> Comparison:
    """Return the comparison of two kept experiments."""
    return compare(experiment(mlflow_url, baseline_id), experiment(mlflow_url, candidate_id))


def _tracker(mlflow_url: str) -> Tracker:
    return OutboxTracker(_mlflow(mlflow_url), default_outbox())


def _mlflow(mlflow_url: str) -> Tracker:
    # By name: this module must load, and say so on the page, where MLflow is absent.
    tracker: Tracker = require("evalhub.experiments.mlflow", extra="mlflow").MlflowTracker(
        mlflow_url
    )
    return tracker


@contextmanager
def _reading(url: str) -> Iterator[Any]:
    with open_store(url) as store, store.read() as connection:
        yield connection
