"""Plain Python functions as metrics."""

import asyncio
import functools
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from evalhub.errors import ConfigError, MetricError, MetricInputError
from evalhub.metrics.base import COLUMNS, ScoreColumn
from evalhub.metrics.interop.function import FunctionMetric
from evalhub.metrics.registry import load
from evalhub.model import Score

MODULE = '''
def is_short(output, limit=5):
    return len(output) <= limit

class Longest:
    """An object that can be called, with a setting of its own."""

    def __init__(self, times):
        self.times = times

    def __call__(self, output):
        return len(output) * self.times

doubled = Longest(2)
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a module of the user's that can be imported."""
    name = "functions_of_a_user"
    (tmp_path / f"{name}.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, name, raising=False)
    return name


def scores(column: ScoreColumn) -> list[Score]:
    """Return the scores of all examples."""
    return [column.score(index) for index in range(len(column))]


def test_a_bool_is_a_pass_or_fail(module: str) -> None:
    """It has bounds of 0 and 1, so that its mean is a rate."""
    metric = load(f"python:{module}:is_short")
    assert metric.name == "is_short"
    assert metric.requires == ("outputs",)
    column = metric.score_batch(["short", "too long"])["is_short"]
    assert column.values.tolist() == [1.0, 0.0]
    assert column.bounds == (0.0, 1.0)
    assert column.states is None


def test_an_int_of_one_is_no_pass(module: str) -> None:
    """Nothing is known of how high a number goes unless bounds say it."""
    metric = load(f"python:{module}:doubled")
    assert metric.name == "Longest"
    assert metric.score_batch([""])["Longest"].bounds is None
    bounded = load(f"python:{module}:doubled", bounds=[0, 6], name="twice")
    column = bounded.score_batch(outputs=["a", "abcd"])["twice"]
    assert column.bounds == (0.0, 6.0)
    assert "|bounds:(0.0, 6.0)|" in column.signature
    assert scores(column)[1].state == "errored"
    assert scores(column)[1].explanation == "the score is 8, outside of 0 to 6"


def test_options_reach_the_function_and_the_signature(module: str) -> None:
    """The same function with other options is another metric."""
    path = f"python:{module}:is_short"
    loose, strict = load(path, options={"limit": 9}), load(path)
    assert loose.score_batch(["too long"])["is_short"].values.tolist() == [1.0]
    assert "|options:limit=9|" in loose.signature
    assert loose.signature != strict.signature


def test_the_signature_follows_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores of a function that was rewritten do not pass for those of the old one."""
    monkeypatch.syspath_prepend(tmp_path)
    for name, body in (("first_version", "1.0"), ("second_version", "2.0")):
        code = f"def grade(output):\n    return {body}\n"
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    hashes = [
        load(f"python:{name}:grade").signature.split("|")[2]
        for name in ("first_version", "second_version", "first_version")
    ]
    assert hashes[0] == hashes[2] != hashes[1]
    assert hashes[0].startswith("code:")
    assert "unknown" not in hashes


def test_parameters_name_the_columns() -> None:
    """Every column can be asked for, under the name of one item."""

    def everything(  # noqa: PLR0917 - one for each column
        output: str,
        baseline_output: str,
        reference: str,
        references: list[str],
        inputs: dict[str, str],
        contexts: list[str],
        retrieved_ids: list[str],
        relevant_ids: list[str],
        tool_calls: list[str],
        expected_tool_calls: list[str],
        metadata: dict[str, str],
        id: str,  # noqa: A002
        latency_ms: float,
        input_tokens: int,
        output_tokens: int,
        cost_usd: float,
    ) -> tuple[int, str]:
        return 1, f"{output} {reference} {references} {inputs} {id} {latency_ms}"

    metric = FunctionMetric(everything)
    assert metric.requires == tuple(COLUMNS)
    given = {column: [f"<{column}>"] for column in COLUMNS} | {"references": [["r1", "r2"]]}
    (score,) = scores(metric.score_batch(**given)["everything"])
    assert score.explanation == "<outputs> r1 ['r1', 'r2'] <inputs> <ids> <latency_ms>"


def test_what_is_missing_is_a_state_and_the_function_is_not_asked() -> None:
    """No output is an error, no reference is skipped; a default makes either acceptable."""
    asked = []

    def overlap(output: str, reference: str) -> float:
        asked.append((output, reference))
        return 1.0

    column = FunctionMetric(overlap).score_batch([None, "a", "b"], ["x", [], ["y", "z"]])["overlap"]
    assert [score.state for score in scores(column)] == ["errored", "skipped", "scored"]
    assert asked == [("b", "y")]

    def tolerant(output: str | None = None, reference: str | None = None) -> bool:
        return output is None and reference is None

    column = FunctionMetric(tolerant).score_batch([None], [None])["tolerant"]
    assert column.values.tolist() == [1.0]


def test_one_failure_is_one_example_s() -> None:
    """An exception, a text, NaN and a wrong tuple are errors with a reason; the rest is kept."""
    answers = {"raise": None, "text": "good", "nan": float("nan"), "tuple": (1, 2, 3), "none": None}

    def grade(output: str) -> object:
        if output == "raise":
            raise KeyError("missing\nkey")
        return answers.get(output, np.float32(0.5))

    column = FunctionMetric(grade).score_batch([*answers, "fine"])["grade"]
    found = {name: scores(column)[i] for i, name in enumerate([*answers, "fine"])}
    assert found["raise"].explanation == "KeyError: 'missing\\nkey'"
    assert "str 'good' is no score" in (found["text"].explanation or "")
    assert found["nan"].explanation == "the score is nan"
    assert "return (number, explanation)" in (found["tuple"].explanation or "")
    assert found["none"].state == "skipped"
    assert {found[name].state for name in ("raise", "text", "nan", "tuple")} == {"errored"}
    assert found["fine"].value == 0.5


def test_a_mapping_is_a_column_for_each_name() -> None:
    """A name that an example lacks is skipped there."""

    def parts(output: str) -> dict[str, object]:
        return {"words": len(output.split()), **({"shout": True} if output.isupper() else {})}

    table = FunctionMetric(parts).score_batch(["A B", "a"])
    assert list(table) == ["words", "shout"]
    assert table["words"].values.tolist() == [2.0, 1.0]
    assert [score.state for score in scores(table["shout"])] == ["scored", "skipped"]
    assert table["shout"].bounds == (0.0, 1.0)
    assert table["shout"].signature.startswith("shout|python:")


def test_where_nothing_was_found_there_is_still_a_column() -> None:
    """It carries the metric's name, and says why for each example."""

    def fails(output: str) -> dict[str, float]:
        raise RuntimeError("down")

    table = FunctionMetric(fails).score_batch(["a", "b"])
    assert [score.explanation for score in scores(table["fails"])] == ["RuntimeError: down"] * 2
    assert [len(column) for column in FunctionMetric(fails).score_batch([]).values()] == [0]


def test_async_functions_are_awaited_together() -> None:
    """With concurrency, examples wait for the network at the same time."""
    meeting = threading.Barrier(3, timeout=20)

    async def remote(output: str) -> float:
        await asyncio.to_thread(meeting.wait)  # passes only when three are under way
        return float(len(output))

    column = FunctionMetric(remote, concurrency=3).score_batch(["a", "bb", "ccc"])["remote"]
    assert column.values.tolist() == [1.0, 2.0, 3.0]


def tensor(output: str, /) -> Any:
    """Return what libraries of tensors do."""
    return torch.tensor([len(output) / 4])


def exact(output: str) -> Decimal:
    """Return a number that is no float."""
    return Decimal(len(output)) / 4


def several(output: str) -> Any:
    """Return two numbers at once."""
    return torch.tensor([0.5, len(output)])


def test_tensors_and_decimals_of_one_number_are_numbers() -> None:
    """So are parameters that are taken by position only; of several numbers none is the score."""
    for function in (tensor, exact):
        (column,) = FunctionMetric(function).score_batch(["a"]).values()
        assert column.values.tolist() == [0.25]
    (column,) = FunctionMetric(several).score_batch(["a"]).values()
    assert column.score(0).value is None


def test_partials_and_builtins() -> None:
    """A partial is its function; what takes no column is refused with what it could take."""

    def above(output: str, least: int) -> bool:
        return len(output) > least

    metric = FunctionMetric(functools.partial(above, least=2))
    assert metric.name == "above"
    assert metric.score_batch(["abc"])["above"].values.tolist() == [1.0]
    assert metric.signature != FunctionMetric(functools.partial(above, least=3)).signature
    assert metric.signature == FunctionMetric(functools.partial(above, least=2)).signature
    with pytest.raises(MetricError, match="takes 'obj', which is no column"):
        FunctionMetric(len)
    with pytest.raises(MetricError, match="takes no column"):
        FunctionMetric(lambda: 1.0, name="x")
    with pytest.raises(MetricError, match="does not say its parameters"):
        FunctionMetric(dict)


def test_mistakes_are_told_before_anything_is_scored() -> None:
    """A wrong name, a strange parameter, a lambda, bounds the wrong way round."""
    with pytest.raises(ConfigError, match="has no 'nothing'"):
        load("python:math:nothing")
    with pytest.raises(ConfigError, match="write it as package"):
        load("python:math")
    with pytest.raises(MetricError, match="takes 'prediction', which is no column"):
        FunctionMetric(lambda prediction: 1.0, name="x")
    with pytest.raises(MetricError, match="give it one with name"):
        FunctionMetric(lambda output: 1.0)
    with pytest.raises(MetricError, match="give the least value first"):
        FunctionMetric(lambda output: 1.0, name="x", bounds=[5, 1])
    with pytest.raises(MetricError, match="concurrency is 0"):
        FunctionMetric(lambda output: 1.0, name="x", concurrency=0)
    with pytest.raises(MetricError, match="python:math:sqrt has no setting 'limit'"):
        load("python:math:sqrt", limit=1)


def test_columns_that_do_not_fit_are_refused() -> None:
    """Lengths, strange columns, and texts that are none."""
    metric = FunctionMetric(lambda output, reference: 1.0, name="x")
    with pytest.raises(MetricInputError, match="2 outputs, 1 references"):
        metric.score_batch(["a", "b"], ["c"])
    with pytest.raises(MetricInputError, match="give the columns outputs, references"):
        metric.score_batch(outputs=["a"], inputs=[{}])
    with pytest.raises(MetricInputError, match="reference 0 is 3"):
        metric.score_batch(["a"], [[3]])
