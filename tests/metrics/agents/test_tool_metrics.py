"""Metrics of tool calls and trajectories."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.errors import MetricError
from evalhub.metrics import load
from evalhub.metrics.agents.tool_selection import ToolSelection
from evalhub.metrics.base import ScoreColumn
from evalhub.model import ScoreState

Calls = list[Any]


def _column(name: str, calls: Calls, expected: Calls, **options: object) -> ScoreColumn:
    return load(name, **options).score_batch([calls], [expected])[name]


def _value(name: str, calls: Calls, expected: Calls, **options: object) -> float:
    return float(_column(name, calls, expected, **options).values[0])


def search(**arguments: object) -> dict[str, object]:
    """Return a call of the tool that searches."""
    return {"name": "search", "arguments": arguments}


def book(**arguments: object) -> dict[str, object]:
    """Return a call of the tool that books."""
    return {"name": "book", "arguments": arguments}


@pytest.mark.parametrize(
    ("calls", "expected", "precision", "recall", "f1"),
    [
        (["a", "b"], ["b", "a"], 1, 1, 1),
        (["a", "a"], ["a"], 1 / 2, 1, 2 / 3),
        (["a"], ["a", "a", "b"], 1, 1 / 3, 1 / 2),
        (["a", "c"], ["a", "b"], 1 / 2, 1 / 2, 1 / 2),
        (["c"], ["a"], 0, 0, 0),
        ([], [], 1, 1, 1),
        (["a"], [], 0, 0, 0),
        ([], ["a"], 0, 0, 0),
    ],
)
def test_selection_counts_names(
    calls: Calls, expected: Calls, precision: float, recall: float, f1: float
) -> None:
    """A multiset: calling a tool twice where once is expected is wrong once."""
    column = ToolSelection().score_batch([calls], [expected])["tool_selection"]
    found = (column.precision[0], column.recall[0], column.fmeasure[0])
    assert found == pytest.approx((precision, recall, f1))


def test_selection_names_what_is_wrong() -> None:
    """Missing and surplus tools are in the explanation; states have no numbers."""
    column = ToolSelection().score_batch([["a", "c"], None], [["a", "b"], ["a"]])["tool_selection"]
    assert column.score(0).explanation == "missing: b; too much: c"
    assert column.states == (ScoreState.SCORED, ScoreState.ERRORED)
    assert str(column.precision[1]) == str(column.recall[1]) == "nan"
    assert ToolSelection().score_batch([], [])["tool_selection"].precision.size == 0


@pytest.mark.parametrize(
    ("calls", "expected", "value"),
    [
        ([search(q="a", k=5)], [search(q="a", k=5)], 1),
        ([search(q="a", k=5.0)], [search(k=5, q="a")], 1),
        ([search(q="a", k=6)], [search(q="a", k=5)], 1 / 2),
        ([search(q="a")], [search(q="a", k=5)], 1 / 2),
        ([search(q="a", k=5)], [search(q="a")], 1 / 2),
        ([book()], [book()], 1),
        ([book()], [search(q="a")], 0),
        ([], [search(q="a")], 0),
        (["search"], [search(q="a")], 0),
        ([search(q="b")], ["search"], 1),
        ([search(q="a"), book(id=1)], [book(id=1)], 1),
        ([search(q="a")], [search(q="a"), search(q="b")], 1 / 2),
        ([search(q="b", k=1), search(q="a", k=1)], [search(q="a", k=1), search(q="b", k=1)], 1),
        ([{"name": "search", "arguments": "{"}], [search()], 0),
    ],
)
def test_arguments_are_the_share_that_is_right(calls: Calls, expected: Calls, value: float) -> None:
    """Of the names that either call has, averaged over expected calls, in any order."""
    assert _value("tool_arguments", calls, expected) == pytest.approx(value)


def test_arguments_can_be_ignored_and_have_a_tolerance() -> None:
    """Ids do not count when told so; the wrong ones are in the explanation."""
    calls, expected = [search(q="a", x=1.02, id=7)], [search(q="a", x=1, id=8)]
    column = _column("tool_arguments", calls, expected)
    assert column.values[0] == pytest.approx(1 / 3)
    assert column.score(0).explanation == "search: id, x wrong"
    assert _value("tool_arguments", calls, expected, ignored=["id"], tolerance=0.05) == 1


CALLS = st.lists(
    st.builds(
        lambda name, arguments: {"name": name, "arguments": arguments},
        st.sampled_from("ab"),
        st.dictionaries(st.sampled_from("xyz"), st.integers(0, 1)),
    ),
    max_size=4,
)


def _share(call: dict[str, Any], expected: dict[str, Any]) -> float:
    if call["name"] != expected["name"]:
        return 0.0
    names = call["arguments"].keys() | expected["arguments"].keys()
    absent = object()
    right = [call["arguments"].get(n, absent) == expected["arguments"].get(n) for n in names]
    return sum(right) / len(right) if right else 1.0


@settings(deadline=None, max_examples=60)
@given(CALLS, CALLS.filter(bool))
def test_arguments_take_the_best_of_all_pairings(calls: Calls, expected: Calls) -> None:
    """No other pairing of calls scores higher; found here by trying them all."""
    padded = calls + [{"name": "", "arguments": {}}] * len(expected)
    best = max(sum(map(_share, order, expected)) for order in permutations(padded, len(expected)))
    value = _value("tool_arguments", calls, expected)
    assert value == pytest.approx(best / len(expected))


@pytest.mark.parametrize(
    ("calls", "expected", "subsequence", "prefix"),
    [
        (["a", "b", "c"], ["a", "b", "c"], 1, 1),
        (["a", "x", "b", "c"], ["a", "b", "c"], 1, 1 / 3),
        (["b", "a", "c"], ["a", "b", "c"], 2 / 3, 0),
        (["a", "b"], ["a", "b", "c"], 2 / 3, 2 / 3),
        ([], ["a"], 0, 0),
    ],
)
def test_order(calls: Calls, expected: Calls, subsequence: float, prefix: float) -> None:
    """Calls in between do not matter for a subsequence; they end a prefix."""
    assert _value("tool_order", calls, expected) == pytest.approx(subsequence)
    assert _value("tool_order", calls, expected, mode="prefix") == pytest.approx(prefix)


@pytest.mark.parametrize("name", ["tool_arguments", "tool_order"])
def test_where_no_call_is_expected_there_is_nothing_to_score(name: str) -> None:
    """A share of nothing is no number."""
    assert _column(name, ["a"], []).states == (ScoreState.SKIPPED,)


# Verdicts of LangChain's agentevals 0.0.9, one call a message: strict, unordered, subset and
# superset with arguments "exact", then the same with "ignore".
AGENTEVALS: list[tuple[str, Calls, Calls]] = [
    ("11111111", [search(q=1), book(id=2)], [search(q=1), book(id=2)]),
    ("01110111", [book(id=2), search(q=1)], [search(q=1), book(id=2)]),
    ("00100010", [search(q=1)], [search(q=1), book(id=2)]),
    ("00010001", [search(q=1), book(id=2), book(id=3)], [search(q=1), book(id=2)]),
    ("00001111", [search(q=9), book(id=2)], [search(q=1), book(id=2)]),
    ("00010001", [search(q=1), search(q=1)], [search(q=1)]),
    ("00100010", [search(q=1)], [search(q=1), search(q=1)]),
    ("00100010", [], [search(q=1)]),
    ("00010001", [search(q=1)], []),
    ("11111111", [], []),
    ("00001111", [search(q=[1, 2])], [search(q=[2, 1])]),
    ("11111111", [search(q={"a": 1, "b": 2})], [search(q={"b": 2, "a": 1})]),
    ("11111111", [search(q=1.0)], [search(q=1)]),
    ("00001111", [search(q="1")], [search(q=1)]),
    ("00001111", [search()], [search(q=1)]),
    ("01110111", [book(id=1), search(q=1), book(id=1)], [search(q=1), book(id=1), book(id=1)]),
]


@pytest.mark.parametrize(("verdicts", "calls", "expected"), AGENTEVALS)
def test_trajectory_modes_are_those_of_agentevals(
    verdicts: str, calls: Calls, expected: Calls
) -> None:
    """Every mode, with and without arguments."""
    modes = ("strict", "unordered", "subset", "superset")
    found = [
        _value("trajectory", calls, expected, mode=mode, arguments=arguments)
        for arguments in ("exact", "ignore")
        for mode in modes
    ]
    assert found == [float(verdict) for verdict in verdicts]


def test_trajectory_can_let_arguments_lack_or_add() -> None:
    """``subset`` and ``superset`` are about the arguments of the call that was made."""
    few, many = [search(q=1)], [search(q=1, k=2)]
    assert _value("trajectory", few, many, arguments="subset") == 1
    assert _value("trajectory", few, many, arguments="superset") == 0
    assert _value("trajectory", many, few, arguments="superset") == 1
    assert _value("trajectory", many, few, arguments="subset") == 0
    assert _value("trajectory", many, few, mode="subset", arguments="superset") == 1


def test_trajectory_finds_the_matching_that_is_there() -> None:
    """The first call suits both expected ones, the second only the first: still all match."""
    calls, expected = [search(q=1, k=2), search(q=1)], [search(q=1), search(q=1, k=2)]
    options = {"mode": "unordered", "arguments": "superset"}
    assert _value("trajectory", calls, expected, **options) == 1
    assert _value("trajectory", calls[::-1], expected, **options) == 1
    column = _column("trajectory", calls, [search(q=3)])
    assert column.score(0).explanation == "2 calls, 1 expected, 0 match"


def test_trajectory_of_unreadable_arguments_matches_names_only() -> None:
    """Broken JSON equals no arguments, and an expected name takes it."""
    broken = [{"name": "search", "arguments": "{"}]
    assert _value("trajectory", broken, [search()]) == 0
    assert _value("trajectory", broken, ["search"]) == 1
    assert _value("trajectory", ["search"], [search()]) == 1


@pytest.mark.parametrize(
    ("calls", "expected", "value"),
    [(2, 2, 1), (4, 2, 1 / 2), (1, 2, 1), (0, 2, 1), (0, 0, 1), (3, 0, 0)],
)
def test_steps_are_held_to_the_expected_number(calls: int, expected: int, value: float) -> None:
    """More calls than expected cost; fewer do not."""
    column = _column("steps", ["a"] * calls, ["a"] * expected)
    assert column.values[0] == value
    assert column.score(0).explanation == f"{calls} calls, {expected} expected"


def test_unique_calls_find_repetitions() -> None:
    """The same tool with other arguments is no repetition; the order of keys is free."""
    metric = load("unique_calls")
    rows = [
        [search(q=1, k=2), search(k=2, q=1), search(q=2)],
        ["a", "b"],
        [],
        None,
    ]
    column = metric.score_batch(rows)["unique_calls"]
    assert column.values[:2].tolist() == pytest.approx([2 / 3, 1])
    assert column.score(0).explanation == "repeated: search"
    scores = [column.score(index).state for index in (2, 3)]
    assert scores == [ScoreState.SKIPPED, ScoreState.ERRORED]


PARAMETERS = {
    "type": "object",
    "properties": {"q": {"type": "string"}, "k": {"type": "integer", "minimum": 1}},
    "required": ["q"],
    "additionalProperties": False,
}
DEFINITIONS = {
    "names": {"search": PARAMETERS, "now": {}},
    "openai": [
        {"type": "function", "function": {"name": "search", "parameters": PARAMETERS}},
        {"type": "function", "function": {"name": "now"}},
    ],
    "openai responses": [
        {"type": "function", "name": "search", "parameters": PARAMETERS},
        {"type": "function", "name": "now", "parameters": None},
    ],
    "anthropic": [{"name": "search", "input_schema": PARAMETERS}, {"name": "now"}],
    "mcp": [{"name": "search", "inputSchema": PARAMETERS}, {"name": "now"}],
}


@pytest.mark.parametrize("form", DEFINITIONS)
def test_schema_takes_every_form_of_definition(form: str, tmp_path: Path) -> None:
    """Inline and from a file, they are one metric."""
    file = tmp_path / "tools.json"
    file.write_text(json.dumps(DEFINITIONS[form]), encoding="utf-8")
    metric = load("tool_schema", tools=DEFINITIONS[form])
    assert metric.signature == load("tool_schema", tools=str(file)).signature
    assert metric.signature == load("tool_schema", tools=DEFINITIONS["names"]).signature
    calls = [search(q="a", k=1), {"name": "now"}]
    assert metric.score_batch([calls])["tool_schema"].values.tolist() == [1]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (search(q=3), "search $.q: 3 is not of type 'string'"),
        (search(q="a", k=0), "search $.k: 0 is less than the minimum of 1"),
        (search(), "search $: 'q' is a required property"),
        (book(), "there is no tool book"),
        ({"name": "search", "arguments": "[1]"}, "the arguments of search are of type list"),
    ],
)
def test_schema_tells_what_is_wrong_first(call: dict[str, object], told: str) -> None:
    """One of two calls is wrong: half, and why."""
    rows = [[search(q="a"), call]]
    column = load("tool_schema", tools=DEFINITIONS["names"]).score_batch(rows)["tool_schema"]
    assert column.values[0] == 0.5
    assert (column.score(0).explanation or "").startswith(told)


def test_schema_without_calls_is_skipped() -> None:
    """There is nothing that could be wrong."""
    column = load("tool_schema", tools=DEFINITIONS["names"]).score_batch([[], None])["tool_schema"]
    assert column.states == (ScoreState.SKIPPED, ScoreState.ERRORED)


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("tool_order", {"mode": "any"}, "'any'; use subsequence or prefix"),
        ("trajectory", {"mode": "any"}, "'any'; use strict"),
        ("trajectory", {"arguments": "any"}, "'any'; use exact"),
        ("trajectory", {"tolerance": -1}, "tolerance is -1"),
        ("tool_arguments", {"ignored": "id"}, "'id'; give a list"),
        ("tool_schema", {"tools": []}, r"tools is \[\]"),
        ("tool_schema", {"tools": 3}, "tools is 3; give the tools"),
        ("tool_schema", {"tools": [{"parameters": {}}]}, "no definition of a tool"),
        ("tool_schema", {"tools": {"a": {"type": "objekt"}}}, "no JSON schema"),
        ("tool_schema", {"tools": "missing.json"}, "cannot read"),
    ],
)
def test_bad_settings_are_refused(name: str, setting: dict[str, object], message: str) -> None:
    """The message has the value and what there is."""
    with pytest.raises(MetricError, match=message):
        load(name, **setting)


def test_equal_calls_are_repeated_however_numbers_and_keys_are_written() -> None:
    """1 is 1.0 as everywhere; keys of no text are read as texts."""
    calls = [search(limit=1, tags=[2.0]), search(limit=1.0, tags=[2])]
    assert load("unique_calls").score_batch([calls])["unique_calls"].values.tolist() == [0.5]
    mixed = {"name": "search", "arguments": {"a": 1, 2: 3}}
    assert load("unique_calls").score_batch([[mixed]])["unique_calls"].values.tolist() == [1]
    assert _value("tool_arguments", [mixed], [search(a=1)]) == 0.5


def test_a_tool_defined_twice_is_refused() -> None:
    """The calls would be held to one of the two."""
    with pytest.raises(MetricError, match="the tool 'a' is defined twice"):
        load("tool_schema", tools=[{"name": "a"}, {"name": "a"}])
