"""The page about gates is true: its Python runs, and its suite is one."""

import doctest
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalhub.evals.gates.demand import Gate
from evalhub.evals.suites.spec_gates import BaselineSpec, GateSpec

PAGE = Path(__file__).parents[3] / "docs/gates.md"


def blocks(language: str) -> list[str]:
    """Return the page's examples in *language*."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_python_says_what_the_page_says() -> None:
    """Each line gives what is written below it."""
    test = doctest.DocTestParser().get_doctest(
        "\n".join(blocks("pycon")), {}, "gates", str(PAGE), 0
    )
    told: list[str] = []
    assert test.examples
    assert doctest.DocTestRunner(verbose=False).run(test, out=told.append).failed == 0, told


def test_the_gates_of_the_page_are_gates() -> None:
    """Each of them is read, and each key of the table is one."""
    page: dict[str, Any] = yaml.safe_load(blocks("yaml")[0])
    gates = [GateSpec.model_validate(item).gate() for item in page["gates"]]
    assert gates[0] == Gate(
        "rougeLsum", of="candidate", not_worse_than="baseline", margin=0.02, is_relative=True
    )
    assert gates[4].sentence == "p95 of latency_ms at most 2000"
    text = PAGE.read_text(encoding="utf-8")
    keys = set(GateSpec.model_fields)
    assert keys <= set(re.findall(r"`(\w+)`", text))


@pytest.mark.parametrize("written", re.findall(r"`(?:baseline: )?(\{[^}`]+\})`", PAGE.read_text()))
def test_the_baselines_of_the_page_are_baselines(written: str) -> None:
    """Each form names one run; so does a bare id."""
    given = yaml.safe_load(written)
    assert BaselineSpec.model_validate(given).baseline()
    assert BaselineSpec.model_validate(json.loads('"abc"')).run == "abc"
