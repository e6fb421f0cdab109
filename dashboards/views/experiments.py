"""Experiments: pick runs kept in MLflow, and see what changed between them."""

import time
from collections.abc import Callable, Collection, Sequence

import streamlit as st

from evalhub.config import load_settings
from evalhub.dashboards import data, formats
from evalhub.dashboards.board import board
from evalhub.dashboards.runlist import run_label, run_list
from evalhub.dashboards.views import comparison
from evalhub.dashboards.views.empty import no_runs
from evalhub.errors import TrackerUnavailableError
from evalhub.experiments import RunInfo

__all__ = ["show", "toggled"]

_EVERY_SUITE = "All suites"
_LIMIT = "runs_listed"
_FIRST = 100
"""Runs that are listed at first: a month of nights; twice as many after each click."""


def show(open_trace: Callable[[str], None]) -> None:
    """Draw the page; *open_trace* goes to a trace of that id."""
    mlflow_url = load_settings().mlflow_url
    limit = int(st.session_state.get(_LIMIT, _FIRST))
    unsent = data.unsent_runs()
    sent = _sent(mlflow_url, limit, may_fail=bool(unsent))
    listed = sorted([*sent, *unsent], key=lambda run: run.start_ns, reverse=True)
    if not listed:
        no_runs()
        return
    named = _named(mlflow_url, listed)
    runs = [*listed, *(run for run in named if run not in listed)]
    picked = [run.run_id for run in named]
    _choose(runs, picked, {run.run_id for run in unsent})
    if unsent:
        st.info(_to_be_sent(len(unsent)), icon=":material/cloud_off:")
    if len(sent) == limit:
        st.button(f"Show runs older than these {limit}", on_click=_show_more, args=(limit,))
    if len(picked) < 2:
        st.info(_advice(len(picked)), icon=":material/touch_app:")
        return
    candidate = _candidate(runs, picked)
    comparison.show(mlflow_url, picked[0], candidate, open_trace)


def toggled(picked: Sequence[str], run_id: str) -> list[str]:
    """Return *picked* with *run_id* taken out if it is there, else added last."""
    kept = [item for item in picked if item != run_id]
    return kept if len(kept) < len(picked) else [*kept, run_id]


def _sent(mlflow_url: str, limit: int, *, may_fail: bool) -> list[RunInfo]:
    """Return the runs that MLflow keeps; where it *may_fail* that it is down is a warning."""
    try:
        return data.runs(mlflow_url, limit=limit)
    except TrackerUnavailableError as error:
        if not may_fail:
            raise
        st.warning(formats.literal(str(error)), icon=":material/error:")
        return []


def _to_be_sent(count: int) -> str:
    which = "1 run was" if count == 1 else f"{count} runs were"
    return f"{which} not sent to MLflow, and kept on this machine. To send: `evalhub eval sync`"


def _named(mlflow_url: str, listed: Sequence[RunInfo]) -> list[RunInfo]:
    """Return the runs that the address names, be they listed or older."""
    known = {run.run_id: run for run in listed}
    found = []
    for run_id in dict.fromkeys(filter(None, st.query_params.get("runs", "").split(","))):
        run = known.get(run_id) or data.run(mlflow_url, run_id)
        if run is None:
            st.warning(
                f"There is no run {formats.literal(run_id)} here.", icon=":material/link_off:"
            )
        else:
            found.append(run)
    return found


def _show_more(limit: int) -> None:
    st.session_state[_LIMIT] = limit * 2


def _pick(picked: Sequence[str]) -> None:
    if picked:
        st.query_params["runs"] = ",".join(picked)
    else:
        st.query_params.pop("runs", None)
    st.query_params.pop("example", None)


def _choose(runs: Sequence[RunInfo], picked: Sequence[str], unsent: Collection[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        suites = sorted({run.suite for run in runs})
        suite = st.selectbox("Suite", [_EVERY_SUITE, *suites], key="suite", width=320)
        _button("Swap A and B", "swap_horiz", [*picked[1::-1], *picked[2:]], len(picked) < 2)
        _button("Clear", "close", [], not picked)
    shown = [run for run in runs if suite in (_EVERY_SUITE, run.suite)]
    board(
        run_list(shown, picked, now_ns=time.time_ns(), unsent=unsent),
        key="runs",
        on_pick=lambda run_id: _pick(toggled(picked, run_id)),
    )


def _button(label: str, icon: str, then: Sequence[str], disabled: bool) -> None:
    icon = f":material/{icon}:"
    st.button(label, icon=icon, disabled=disabled, on_click=_pick, args=(then,))


def _advice(count: int) -> str:
    if count == 0:
        return "Pick two runs to compare: first the baseline (A), then the candidate (B)."
    return "Pick a second run: it is the candidate (B), compared with the baseline (A)."


def _candidate(runs: Sequence[RunInfo], picked: Sequence[str]) -> str:
    """Return the run to hold against A; with several, let the reader choose."""
    if len(picked) == 2:
        return picked[1]
    names = {run.run_id: run.name for run in runs}
    labels = {run_id: f"{run_label(place)} {names[run_id]}" for place, run_id in enumerate(picked)}
    return (
        st.segmented_control(
            "Compare A with",
            picked[1:],
            default=picked[1],
            required=True,
            format_func=lambda run_id: labels[run_id],
        )
        or picked[1]
    )
