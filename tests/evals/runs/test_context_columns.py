"""Which contexts metrics are given."""

from typing import Any

import pytest

from evalhub.evals.runs.call import Call
from evalhub.evals.runs.scoring import Columns
from evalhub.evals.targets.base import TargetOutput
from evalhub.model import Example


@pytest.mark.parametrize(
    ("retrieved", "in_data", "expected"),
    [
        (("found",), ["given"], ["found"]),
        ((), ["given", "too"], ["given", "too"]),
        ((), "one text", ["one text"]),
        ((), None, []),
        (None, ["given"], []),
    ],
)
def test_contexts_are_the_target_s_or_the_data_set_s(
    retrieved: tuple[str, ...] | None, in_data: Any, expected: list[str]
) -> None:
    """What the target retrieved counts; a target that retrieves nothing has the data set's."""
    output = None if retrieved is None else TargetOutput("text", contexts=retrieved)
    call = Call(output, None, None, 1.0)
    example = Example("1", {}, metadata={"contexts": in_data})
    assert Columns.of([example], [call], []).by_name["contexts"] == [expected]
