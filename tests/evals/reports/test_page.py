"""The HTML page, without a browser."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from operator import gt, lt

import pytest

from evalhub.evals.gates.compare import compare
from evalhub.evals.reports.charts import difference_bars, histogram
from evalhub.evals.reports.collect import make_report
from evalhub.evals.reports.page import as_html
from evalhub.evals.reports.report import Distribution, Report
from evalhub.model import Experiment, Score

MakeRun = Callable[..., Experiment]
HOSTILE = "</pre></style><script>alert(1)</script><img src=x onerror=alert(1)>\"' {{ 7*7 }}"
VOID = {"meta", "br", "input", "line", "path"}


class Reader(HTMLParser):
    """Collects the tags, and checks that each one that was opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, Mapping[str, str | None]]] = []
        self.texts: list[str] = []
        self.stack: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag without content."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)


def read(page: str) -> Reader:
    """Return what is in *page*."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.stack == []
    return reader


def test_everything_is_there(report: Report) -> None:
    """Verdict, gates, slices, examples, reasons, cost, setup and the suite file."""
    found = read(as_html(report))
    text = " ".join(" ".join(found.texts).split())
    for part in (
        report.reason,
        "not worse than baseline",
        "topic=kettles",
        "Worst regressions of candidate",
        "of the fact is there.",
        "evalhub traces show",
        "TimeoutError: no answer within 30 s",
        "$0.0240",
        "prompts/candidate.j2",
        "rouge1|",
        "name: support-answers",
        "the tracker was slow",
        f"evalhub {report.versions['evalhub']}",
    ):
        assert part in text, part
    assert sum(tag == "details" for tag, _ in found.tags) >= len(report.comparisons[0].examples)
    assert {"del", "ins"} <= {tag for tag, _ in found.tags}


def test_nothing_is_fetched_and_nothing_runs(report: Report) -> None:
    """No script, no address, and a policy that would forbid them."""
    found = read(as_html(report))
    assert not {"script", "img", "link", "iframe", "form", "object"} & {
        tag for tag, _ in found.tags
    }
    for tag, attributes in found.tags:
        assert not {"src", "srcset", "action", "style"} & set(attributes), tag
        assert (attributes.get("href") or "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)
    (policy,) = [item["content"] for _, item in found.tags if "http-equiv" in item]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "url(" not in as_html(report)
    assert "@import" not in as_html(report)


def hostile_of(report: Report) -> Report:
    """Return *report* with a hostile text wherever a text comes from outside."""
    (comparison,) = report.comparisons
    examples = tuple(
        replace(
            item,
            example_id=HOSTILE,
            inputs={HOSTILE: HOSTILE},
            references=(HOSTILE,),
            sides={
                name: replace(
                    side,
                    output=None if place % 2 else HOSTILE,
                    error=HOSTILE,
                    trace_id=HOSTILE,
                    scores={
                        HOSTILE + metric: replace(score, label=HOSTILE, explanation=HOSTILE)
                        for metric, score in side.scores.items()
                    },
                )
                for name, side in item.sides.items()
            },
        )
        for place, item in enumerate(comparison.examples)
    )
    gates = tuple(
        replace(gate, demand=HOSTILE, of=HOSTILE, reason=HOSTILE) for gate in report.gates
    )
    runs = tuple(
        replace(
            run,
            run_id=HOSTILE,
            dataset=HOSTILE,
            params={HOSTILE: HOSTILE},
            failures=tuple(
                replace(item, what=HOSTILE, reason=HOSTILE, example_ids=(HOSTILE,))
                for item in run.failures
            ),
        )
        for run in report.experiments
    )
    metrics = {HOSTILE: replace(comparison.metrics["rouge1"], refused=HOSTILE)}
    return replace(
        report,
        suite=HOSTILE,
        reason=HOSTILE,
        gates=gates,
        notes=(HOSTILE,),
        suite_file=HOSTILE,
        versions={HOSTILE: HOSTILE},
        experiments=runs,
        comparisons=(
            replace(comparison, examples=examples, metrics={**comparison.metrics, **metrics}),
        ),
        distributions=tuple(replace(item, metric=HOSTILE) for item in report.distributions),
    )


def test_hostile_texts_stay_texts(report: Report) -> None:
    """Wherever a text comes from a model, a file or a name, it makes no tag and no style."""
    page = as_html(hostile_of(report))
    found = read(page)
    assert not {"script", "img"} & {tag for tag, _ in found.tags}
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert page.count("</style>") == page.count("<style>")
    assert "{{ 7*7 }}" in "".join(found.texts)


def test_a_page_of_many_examples_is_small(make_run: MakeRun) -> None:
    """The worst are kept and the rest is counted, so 2,000 long answers are still one page."""
    before, after = make_run("baseline", 2_000), make_run("candidate", 2_000, dropped=0.4)
    long = [
        replace(result, output=f"{result.output} {'and so on ' * 2_000}")
        for result in after.results
    ]
    after = replace(after, results=tuple(long))
    page = as_html(make_report([before, after], [compare(before, after)]))
    assert len(page.encode()) < 1_000_000
    assert re.search(r"10 of 1,\d\d\d on exact_match", page)


def test_what_was_not_called_did_not_fail(report: Report) -> None:
    """A night whose budget was spent is not a night of failures."""
    before, after = report.experiments
    partial = replace(after, errors=42, not_called=40)
    text = " ".join(read(as_html(replace(report, experiments=(before, partial)))).texts)
    assert "candidate not called 40 of 60" in " ".join(text.split())
    assert "candidate failed 2 of 20" in " ".join(text.split())


def test_better_and_worse_are_counted(make_run: MakeRun) -> None:
    """One mean hides how many examples won and how many lost."""
    before, after = make_run("baseline", dropped=0.3), make_run("candidate", dropped=0.3)
    report = make_report([before, after], [compare(before, after)])
    found = report.comparisons[0].metrics["rouge1"]
    left, right = (
        [(item.score("rouge1") or Score("rouge1", None, "")).value or 0.0 for item in run.results]
        for run in (before, after)
    )
    assert found.improved == sum(map(gt, right, left)) > 0
    assert found.worse == sum(map(lt, right, left)) > 0
    text = " ".join(read(as_html(report)).texts)
    assert f"{found.worse} worse, {found.improved} better" in text


def test_a_run_alone_has_a_page(make_run: MakeRun) -> None:
    """Without a comparison there are its means, and its lowest scores."""
    report = make_report([make_run("candidate", dropped=0.3)])
    text = " ".join(read(as_html(report)).texts)
    assert "Scores of candidate" in text
    found = report.experiments[0].metrics["rouge1"]
    assert f"{found.mean:.3f} {found.lower:.3f} to {found.upper:.3f}" in " ".join(text.split())
    assert "Lowest scores of candidate" in text
    assert "Worst regressions" not in text


def test_nothing_scored_has_a_page(make_run: MakeRun) -> None:
    """A night on which every call failed can be read as well."""
    run = make_run("candidate", 20, failing=1)
    text = " ".join(read(as_html(make_report([run]))).texts)
    assert "call errored" in text
    assert "Nothing was scored." in text


def test_bars_are_on_a_common_scale(report: Report) -> None:
    """Better is right whatever the metric's direction; bounded metrics share one scale."""
    (comparison,) = report.comparisons
    bars, scale, relative = difference_bars(comparison, report.experiments)
    assert bars["rouge1"].low < bars["rouge1"].mid < bars["rouge1"].high < 50
    slower = comparison.metrics["latency_ms"]
    found = slower.difference
    assert found is not None
    assert found.difference is not None
    assert (bars["latency_ms"].mid < 50) == (found.difference > 0)
    assert re.fullmatch(r"±\d+%", scale)
    assert relative.startswith("±")
    judged, rouge = (
        comparison.metrics["faithful"].difference,
        comparison.metrics["rouge1"].difference,
    )
    assert judged is not None
    assert rouge is not None
    # A judge's grades go from 1 to 5: one grade is a quarter of the range.
    left = (bars["faithful"].mid - 50) / (bars["rouge1"].mid - 50)
    assert left == pytest.approx((judged.difference or 0) / 4 / (rouge.difference or 1), rel=0.01)


def test_a_histogram_is_of_shares() -> None:
    """Two targets with unlike numbers of scores have outlines of the same height."""
    spread = Distribution("m", (0.0, 0.5, 1.0), {"a": (10, 0), "b": (0, 1), "c": (0, 0)})
    drawn = histogram(spread, ["a", "b", "c", "d"])
    assert drawn.paths == {
        "a": "M0 64V4.0H120.0V64.0H240.0V64Z",
        "b": "M0 64V64.0H120.0V4.0H240.0V64Z",
        "c": "M0 64V64.0H120.0V64.0H240.0V64Z",
    }
