"""Kept experiments as a table to pick from."""

from collections import Counter
from collections.abc import Collection, Sequence

from evalhub.dashboards import formats
from evalhub.dashboards.comparison import metric_text
from evalhub.dashboards.markup import Element, chip, element, table
from evalhub.experiments import RunInfo
from evalhub.experiments.tags import PARTIAL_TAG, VERDICT_TAG

__all__ = ["run_label", "run_list"]

_METRICS_SHOWN = 4
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def run_label(position: int) -> str:
    """Return what the picked run at *position* is called on the page: A, B, and so on."""
    return _LETTERS[position] if position < len(_LETTERS) else str(position + 1)


def run_list(
    runs: Sequence[RunInfo],
    picked: Sequence[str],
    *,
    now_ns: int,
    unsent: Collection[str] = (),
) -> Element:
    """Return *runs* in the given order, the *picked* ones marked; a row picks its id.

    Those whose ids are in *unsent* are marked as runs that MLflow has yet to get. There is a
    column of verdicts when gates decided about one of them.
    """
    names = _metric_names(runs)
    numeric = ("n", *names)
    has_verdicts = any(_verdict(run) for run in runs)
    verdict = ("Verdict",) if has_verdicts else ()
    headers = ("", "Run", "Suite", "Target", *verdict, "Data set", "Started", *numeric)
    rows = [_row(run, names, picked, unsent, now_ns, has_verdicts=has_verdicts) for run in runs]
    return table(headers, rows, numeric=numeric, css="runs")


def _metric_names(runs: Sequence[RunInfo]) -> list[str]:
    """Return the metrics that most of the runs have; among equals those of the newest run."""
    counts = Counter(summary.name for run in runs for summary in run.summaries)
    return [name for name, _ in counts.most_common(_METRICS_SHOWN)]


def _row(
    run: RunInfo,
    names: Sequence[str],
    picked: Sequence[str],
    unsent: Collection[str],
    now_ns: int,
    *,
    has_verdicts: bool,
) -> Element:
    summaries = {summary.name: summary for summary in run.summaries}
    chosen = run.run_id in picked
    means = (summaries[name].mean if name in summaries else None for name in names)
    return element(
        "tr",
        element("td", _mark(picked.index(run.run_id)) if chosen else chip("+", title="pick")),
        element("td", _name(run, is_unsent=run.run_id in unsent), css="name"),
        element("td", run.suite, css="quiet ellipsis"),
        element("td", run.target, css="quiet ellipsis"),
        *([element("td", _verdict(run))] if has_verdicts else []),
        element("td", f"{run.dataset_name} @ {formats.version(run.dataset_version)}", css="quiet"),
        element(
            "td",
            formats.ago(run.start_ns, now_ns),
            css="quiet",
            title=f"{formats.timestamp(run.start_ns)} UTC",
        ),
        element("td", str(max((item.n for item in run.summaries), default=0)), css="number"),
        *(
            element("td", metric_text(name, mean), css="number")
            for name, mean in zip(names, means, strict=True)
        ),
        css="selected" if chosen else "",
        data_pick=run.run_id,
        aria_selected="true" if chosen else None,
    )


def _name(run: RunInfo, *, is_unsent: bool) -> Element:
    link = element("a", run.name, href="#", css="ellipsis")
    if not is_unsent:
        return link
    title = "kept on this machine until MLflow takes it: evalhub eval sync"
    return element("div", link, chip("not sent", title=title), css="marked")


def _verdict(run: RunInfo) -> Element | None:
    """Return what the gates said of the run, or that calls are lacking."""
    said = "partial" if PARTIAL_TAG in run.tags else run.tags.get(VERDICT_TAG)
    tones = {"pass": "ok", "fail": "error"}
    return None if said is None else chip(said, tone=tones.get(said, ""))


def _mark(position: int) -> Element:
    return chip(run_label(position), tone="a" if position == 0 else "b")
