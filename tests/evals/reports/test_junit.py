"""JUnit XML, as junitparser reads it."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from evalhub.evals.reports.junit import as_junit
from evalhub.evals.reports.report import Report


def cases_of(report: Report) -> list[TestCase]:
    """Return the test cases that junitparser finds in the one suite."""
    (suite,) = JUnitXml.fromstring(as_junit(report).encode())
    return list(suite)


def test_each_gate_is_a_case(report: Report) -> None:
    """A failed gate is a failure with its figures; the counts are those of the cases."""
    read = JUnitXml.fromstring(as_junit(report).encode())
    (suite,) = read
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (3, 2, 0, 0)
    assert suite.timestamp == "2026-11-22T02:00:00"
    failed = [case for case in suite if case.result]
    assert isinstance(failed[0].result[0], Failure)
    assert "difference" in failed[0].result[0].message
    assert {case.name for case in suite} >= {"candidate: cost_usd at most 0.01"}
    assert (read.tests, read.failures) == (3, 2)


def test_run_ids_and_figures_are_properties(report: Report) -> None:
    """A CI system that keeps JUnit files keeps where the runs are."""
    root = ElementTree.fromstring(as_junit(report))
    found = {item.get("name"): item.get("value") for item in root.iter("property")}
    assert found["verdict"] == "fail"
    assert found["candidate.run_id"] == report.experiments[1].run_id
    assert "[" in (found["candidate.rouge1"] or "")


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        ("fail", Failure),
        ("incomplete", Error),
        ("inconclusive", Skipped),
        ("suspended", Skipped),
    ],
)
def test_verdicts_have_outcomes(report: Report, verdict: str, kind: type) -> None:
    """What could not be decided is skipped, and what is missing is an error."""
    gate = replace(report.gates[-1], verdict=verdict)
    (case,) = cases_of(replace(report, gates=(gate,)))
    (result,) = case.result
    assert isinstance(result, kind)
    assert result.type == verdict


def test_without_a_gate_there_is_one_case(report: Report) -> None:
    """Jenkins takes a file without a case for a broken one."""
    (case,) = cases_of(replace(report, gates=()))
    assert (case.name, case.result) == ("no gate", [])


@pytest.mark.parametrize("gated", [True, False])
def test_what_no_gate_shows_is_an_error(report: Report, gated: bool) -> None:
    """A budget that was spent, or a metric that is silent, is not green because gates hold."""
    gates = tuple(replace(gate, verdict="pass") for gate in report.gates) if gated else ()
    lacking = replace(report, verdict="incomplete", reason="'judge' scored nothing", gates=gates)
    *others, last = cases_of(lacking)
    assert all(case.result == [] for case in others)
    assert len(others) == len(gates)
    (result,) = last.result
    assert (last.name, result.message) == ("complete", "'judge' scored nothing")
    assert isinstance(result, Error)
    read = JUnitXml.fromstring(as_junit(lacking).encode())
    assert (read.errors, read.tests) == (1, len(gates) + 1)


def test_what_a_gate_shows_is_told_once(report: Report) -> None:
    """Where a gate is incomplete itself there is no error beside it."""
    gates = tuple(replace(gate, verdict="incomplete") for gate in report.gates)
    cases = cases_of(replace(report, verdict="incomplete", gates=gates))
    assert len(cases) == len(gates)


def test_what_xml_cannot_hold_is_replaced(report: Report) -> None:
    """Control letters and markup in names and reasons do not break the file."""
    gate = replace(report.gates[0], reason='\x00\x1b[31m<b>&"\ud800', demand="]]> at least\ufffe")
    (case,) = cases_of(replace(report, suite="a.b c", gates=(gate,)))
    assert case.result[0].message == '\ufffd\ufffd[31m<b>&"\ufffd'
    assert case.classname == "evalhub.a_b_c"
