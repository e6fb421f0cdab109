"""The page docs/reports.md: each of its Python examples runs."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from evalhub.evals.gates.gate import Gate
from evalhub.evals.reports.document import write_json
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.samples import MOST_CHARACTERS, MOST_EXAMPLES, WORST
from evalhub.model import Experiment

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reports.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_examples_run(
    report: Report,
    make_run: Callable[..., Experiment],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They print and write what the page says; the third is a test of the plugin's."""
    monkeypatch.chdir(tmp_path)
    Path("report.json").write_text(write_json(report), encoding="utf-8")
    names = {
        "before": make_run("baseline", 12),
        "after": make_run("candidate", 12, dropped=0.3),
        "gates": [Gate("rouge1", not_worse_than="baseline", margin=0.02)],
        "folder": tmp_path,
    }
    read, written, test = EXAMPLES
    exec(read, names)  # noqa: S102 - our own guide
    assert capsys.readouterr().out.startswith("fail 2 of 3 gates failed")
    exec(written, names)  # noqa: S102 - our own guide
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    compile(test, "example", "exec")


def test_the_limits_are_those_of_the_code() -> None:
    """Figures on the page are not left behind."""
    assert f"the {WORST} worst regressions" in PAGE
    assert f"and {MOST_EXAMPLES} examples of each comparison" in PAGE
    assert f"cut at {MOST_CHARACTERS:,}\ncharacters" in PAGE
