"""A report as JUnit XML, in the form that Jenkins' xUnit plugin accepts.

Each gate is a test case. A gate that failed is a failure; one that could not be decided
because too much is missing is an error. One that the data cannot decide, or that was suspended
because its judge moved, is skipped. What is missing without being a gate's, such as calls after
the budget was spent or a metric that scored nothing, is an error of its own: no gate would show it.
"""

import re
import xml.etree.ElementTree as ET

from evalhub.evals.reports import figures
from evalhub.evals.reports.report import GateReport, Report

__all__ = ["as_junit"]

_OUTCOMES = {"fail": "failure", "inconclusive": "skipped", "suspended": "skipped"}
_OTHER_OUTCOME = "error"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report) -> str:
    """Return *report* as JUnit XML; without a gate there is one case.

    The run ids and figures are properties of the suite.
    """
    cases = [_case(gate, report) for gate in report.gates]
    if report.verdict == "incomplete" and all(one.verdict != "incomplete" for one in report.gates):
        cases.append(_incomplete(report))
    cases = cases or [_named("no gate", report)]
    counts = {
        kind: str(sum(case.find(kind[:-1]) is not None for case in cases))
        for kind in ("failures", "errors")
    }
    skipped = sum(case.find("skipped") is not None for case in cases)
    seconds = sum(run.seconds for run in report.experiments)
    total = {"tests": str(len(cases)), **counts, "time": f"{seconds:.3f}"}
    root = ET.Element("testsuites", {"name": "evalhub", **total})
    suite = ET.SubElement(
        root,
        "testsuite",
        {
            "name": _clean(report.suite),
            **total,
            "skipped": str(skipped),
            "timestamp": report.experiments[0].start_time.partition("+")[0],
        },
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report).items():
        ET.SubElement(properties, "property", {"name": _clean(name), "value": _clean(value)})
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = _clean("\n".join((report.reason, *report.notes)))
    ET.indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ET.tostring(root, encoding='unicode')}\n"


def _case(gate: GateReport, report: Report) -> ET.Element:
    case = _named(f"{gate.of}: {gate.demand}", report)
    if gate.verdict != "pass":
        outcome = ET.SubElement(
            case,
            _OUTCOMES.get(gate.verdict, _OTHER_OUTCOME),
            {"type": gate.verdict, "message": _clean(gate.reason)},
        )
        parts = [f"{part.title}: {part.verdict}, {part.reason}" for part in gate.parts]
        outcome.text = _clean("\n".join([gate.reason, *parts] if len(parts) > 1 else [gate.reason]))
    return case


def _incomplete(report: Report) -> ET.Element:
    case = _named("complete", report)
    reason = _clean(report.reason)
    ET.SubElement(case, _OTHER_OUTCOME, {"type": "incomplete", "message": reason}).text = reason
    return case


def _named(name: str, report: Report) -> ET.Element:
    # A dot would make Jenkins take what stands before it for a package.
    group = re.sub(r"[.\s]+", "_", report.suite)
    return ET.Element(
        "testcase", {"name": _clean(name), "classname": f"evalhub.{_clean(group)}", "time": "0.000"}
    )


def _properties(report: Report) -> dict[str, str]:
    found = {"verdict": report.verdict or "none"}
    for run in report.experiments:
        found[f"{run.target}.run_id"] = run.run_id or ""
        for name, summary in run.metrics.items():
            text = figures.interval(summary.mean, summary.lower, summary.upper)
            found[f"{run.target}.{name}"] = text
    return found


def _clean(text: str) -> str:
    """Return *text* with a mark in place of what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
