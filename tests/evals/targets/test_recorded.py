"""Outputs that were made before: rows of files, columns of the data set."""

from typing import Any

import pytest

from evalhub.errors import ConfigError, DatasetError, ModelError
from evalhub.evals.datasets.roles import RoleReader
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.evals.runs.calling import call_all
from evalhub.evals.runs.pace import Limits
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.output_columns import OutputColumns
from evalhub.evals.targets.recorded import ColumnTarget, RecordedOutputs, record_rows
from evalhub.model import Dataset, Example, Usage


def recorded(*rows: dict[str, Any], **columns: str) -> RecordedOutputs:
    """Return a target of *rows*, numbered as the lines of a file."""
    placed = ((f"o.jsonl:{line}", row) for line, row in enumerate(rows, 1))
    return RecordedOutputs("t", "o.jsonl", record_rows(placed, OutputColumns(**columns)))


def test_a_row_of_json_holds_all_that_a_target_gives() -> None:
    """Every column is where it belongs, and whatever else the row has is left."""
    target = recorded(
        {
            "id": 7,
            "output": "text",
            "contexts": ["c", "d"],
            "retrieved_ids": [1, "x"],
            "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}, "g"],
            "latency_ms": 12,
            "input_tokens": 3,
            "output_tokens": None,
            "cost_usd": 0.25,
            "more": object(),
        }
    )
    assert target.recall(Example("7", {})) == TargetOutput(
        "text",
        contexts=("c", "d"),
        retrieved_ids=("1", "x"),
        tool_calls=({"name": "f", "arguments": "{}"}, {"name": "g"}),
        usage=Usage(3, None),
        cost_usd=0.25,
        latency_ms=12.0,
    )


def test_a_row_of_csv_reads_the_same() -> None:
    """Numbers and lists stand there as texts; an empty cell is not known."""
    row = {
        "id": "a",
        "output": "12",
        "contexts": '["c"]',
        "latency_ms": "12.5",
        "input_tokens": "3",
        "output_tokens": "",
        "cost_usd": "",
        "error": "",
        "repeat": "",
    }
    output = recorded(row).recall(Example("a", {}))
    assert output == TargetOutput("12", contexts=("c",), usage=Usage(3, None), latency_ms=12.5)


@pytest.mark.parametrize(
    "value", [0, -1.5, 1e16, 2**70, True, [1, "zwei ü"], {"a": 1, "b": [None]}]
)
def test_an_output_that_is_json_is_its_text(value: object) -> None:
    """Of a file and of a column alike, and as the reference with that value is written."""
    row = {"id": "1", "q": "?", "right": [value], "output": value}
    spec = DatasetSpec(path="o.jsonl", inputs=["q"], reference="right")
    (reference,) = RoleReader(spec, "id").example(row, "o.jsonl:1").references
    assert recorded(row).recall(Example("1", {})).text == reference
    given = Example("1", {}, metadata={"output": value})
    assert ColumnTarget("t", OutputColumns()).recall(given).text == reference


def test_not_a_number_is_no_output() -> None:
    """Nothing was answered where pandas had no value."""
    example = Example("a", {}, metadata={"output": float("nan")})
    with pytest.raises(DatasetError, match="the output in 'output' is nan"):
        ColumnTarget("t", OutputColumns()).recall(example)


def test_columns_may_have_other_names() -> None:
    """Each can be told where it stands."""
    target = recorded({"id": "a", "answer": "x", "ms": 5}, output="answer", latency_ms="ms")
    assert target.recall(Example("a", {})) == TargetOutput("x", latency_ms=5.0)


def test_a_missing_id_is_that_examples_error() -> None:
    """It is named with the file; the others are scored."""
    target = recorded({"id": "a", "output": "x"})
    with pytest.raises(DatasetError, match=r"o\.jsonl holds no output for example 'b'"):
        target.recall(Example("b", {}))
    with pytest.raises(DatasetError, match="no output for repeat 1 of example 'a'"):
        target.recall(Example("a", {}), 1)


def test_repeats_are_numbered_rows() -> None:
    """Each repeat has an output of its own, whatever the order of the rows."""
    target = recorded(
        {"id": "a", "output": "second", "repeat": 1}, {"id": "a", "output": "first", "repeat": 0}
    )
    assert [target.recall(Example("a", {}), n).text for n in (0, 1)] == ["first", "second"]


def test_a_recorded_error_is_an_error() -> None:
    """It needs no output, and is the example's error."""
    target = recorded({"id": "a", "error": "timed out"})
    with pytest.raises(ModelError, match="timed out"):
        target.recall(Example("a", {}))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"output": "x"}, r"o\.jsonl:1: no column 'id'; there are output"),
        ({"id": "a", "text": "x"}, r"o\.jsonl:1: no column 'output'; there are id, text"),
        ({"id": None, "output": "x"}, r"o\.jsonl:1: the id is None"),
        ({"id": "a", "output": "x", "repeat": "one"}, r"o\.jsonl:1: the repeat is 'one'"),
    ],
)
def test_a_row_that_belongs_nowhere_is_refused_at_once(row: dict[str, Any], message: str) -> None:
    """The line is named before anything is scored."""
    with pytest.raises(DatasetError, match=message):
        recorded(row)


def test_an_id_there_twice_is_refused() -> None:
    """Both lines are named, and how repeats are told apart."""
    row = {"id": "a", "output": "x"}
    with pytest.raises(DatasetError, match=r"o\.jsonl:2: id 'a' is also at o\.jsonl:1; number"):
        recorded(row, row)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"output": None}, "the output in 'output' is None; give a text"),
        ({"output": "x", "latency_ms": "fast"}, "'latency_ms' is 'fast'; it must be a number"),
        ({"output": "x", "cost_usd": True}, "'cost_usd' is True"),
        ({"output": "x", "input_tokens": 1.5}, "'input_tokens' is 1.5; it must be a whole number"),
        ({"output": "x", "contexts": "one"}, "'contexts' is 'one'; it must be a list"),
        ({"output": "x", "tool_calls": [3]}, "the tool call 3"),
    ],
)
def test_a_cell_that_cannot_be_read_is_that_examples_error(
    row: dict[str, Any], message: str
) -> None:
    """The line and the column are named."""
    with pytest.raises(DatasetError, match=rf"o\.jsonl:1: .*{message}"):
        recorded({"id": "a", **row}).recall(Example("a", {}))


def test_a_file_of_other_examples_is_refused_before_the_run() -> None:
    """An id of each side shows what went wrong."""
    dataset = Dataset("d", (Example("1", {}),))
    with pytest.raises(ConfigError, match="its ids are like 'a', those of the data set like '1'"):
        recorded({"id": "a", "output": "x"}).check(dataset)
    with pytest.raises(ConfigError, match="holds no output"):
        recorded().check(dataset)
    recorded({"id": 1, "output": "x"}).check(dataset)


def test_a_column_of_the_data_set_is_a_target() -> None:
    """Metadata and inputs can hold it, and the columns beside it."""
    example = Example("a", {"q": "?"}, metadata={"answer": "x", "latency_ms": 3})
    target = ColumnTarget("t", OutputColumns("answer"))
    assert target.recall(example) == TargetOutput("x", latency_ms=3.0)
    assert ColumnTarget("t", OutputColumns("q")).recall(example).text == "?"
    with pytest.raises(DatasetError, match="none for a repeat"):
        target.recall(example, 1)


def test_a_column_that_no_example_has_is_refused_before_the_run() -> None:
    """The columns that there are are named."""
    dataset = Dataset("d", (Example("a", {"q": "?"}, metadata={"answer": "x"}),))
    with pytest.raises(ConfigError, match="no free column 'anser'; there are q, answer"):
        ColumnTarget("t", OutputColumns("anser")).check(dataset)
    ColumnTarget("t", OutputColumns("answer")).check(dataset)


def test_inputs_alone_do_not_find_an_output() -> None:
    """A plain call is refused; both are found by the example."""
    for target in (recorded({"id": "a", "output": "x"}), ColumnTarget("t", OutputColumns())):
        with pytest.raises(ConfigError, match="found by the example"):
            target({})


def test_the_runner_looks_recorded_outputs_up() -> None:
    """There is no trace, and a time only where one was recorded."""
    target = recorded(
        {"id": "a", "output": "x", "latency_ms": 12},
        {"id": "b", "output": "y"},
        {"id": "c", "error": "E"},
    )
    planned = [(Example(id_, {}), 0) for id_ in "abcd"]
    calls = call_all(target, planned, limits=Limits(), on_call=lambda done: None)
    assert [call.output and call.output.text for call in calls] == ["x", "y", None, None]
    assert [call.latency_ms for call in calls] == [12.0, None, None, None]
    assert [call.trace_id for call in calls] == [None] * 4
    assert calls[2].error == "ModelError: E"
    assert calls[3].error is not None
    assert "no output for example 'd'" in calls[3].error
