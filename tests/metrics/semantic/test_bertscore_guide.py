"""The guide to BERTScore says what is true."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GUIDE = Path(__file__).parents[3] / "docs" / "metrics-bertscore.md"


@pytest.mark.model
def test_examples_run_and_are_true() -> None:
    """Each Python example runs, and gives what stands beside it."""
    first, second, third = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    column = _run(first)["column"]
    assert column.fmeasure[0] > 0.8
    assert str(column.score(1).state) == "skipped"
    metric = _run(second)["metric"]
    said = re.search(r"# (bertscore\|\S+)", second)
    assert said is not None
    pattern = re.escape(said[1]).replace(re.escape("..."), ".*")
    assert re.fullmatch(pattern, metric.signature)
    assert metric.describe()["layer_from"] == "setting"
    names = _run(third)
    assert names["vectors"].shape == (1, 384)
    assert 0.7 < names["table"]["embedding_similarity"].values[0] < 1
    assert np.isclose(np.linalg.norm(names["vectors"]), 1)


def _run(example: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(example, str(GUIDE), "exec"), names)  # noqa: S102 - our own guide
    return names
