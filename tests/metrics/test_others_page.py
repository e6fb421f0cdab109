"""The guide to the other metrics: its examples, and the names it lists."""

import doctest
import re
from pathlib import Path

from evalhub.metrics.agents import catalog as agents
from evalhub.metrics.safety import catalog as safety
from evalhub.metrics.structure import catalog as structure

PAGE = Path(__file__).parents[2] / "docs" / "metrics-others.md"


def test_every_example_is_true() -> None:
    """Each Python block gives the output that the page shows, in order."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    assert len(examples.examples) > 20
    told: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(examples, out=told.append)
    assert results.failed == 0, "".join(told)


def test_every_metric_of_these_rooms_is_listed() -> None:
    """A metric that is not in the guide is not found by its readers."""
    text = PAGE.read_text("utf-8")
    names = [*structure.CATALOG, *agents.CATALOG, *safety.CATALOG]
    assert [name for name in names if f"`{name}`" not in text] == []
