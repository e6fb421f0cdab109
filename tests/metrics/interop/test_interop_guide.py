"""The guide to metrics of other packages: its examples run, and its suites can be loaded."""

import re
from pathlib import Path

import pytest
import yaml

from evalhub.evals.suites.spec_metrics import MetricSpec

GUIDE = Path(__file__).parents[3] / "docs" / "metrics-interop.md"


def blocks(language: str) -> list[str]:
    """Return the guide's code blocks in *language*."""
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("evaluate_offline")
def test_python_examples_run(tmp_path: Path) -> None:
    """With the assertions that they make; as files, since signatures read the source."""
    examples = blocks("python")
    assert len(examples) == 3
    for number, code in enumerate(examples):
        path = tmp_path / f"example_{number}.py"
        path.write_text(code, encoding="utf-8")
        exec(compile(code, str(path), "exec"), {"__name__": f"example_{number}"})  # noqa: S102


def test_suite_examples_are_suites() -> None:
    """Each metric in them is one that a suite file may have."""
    examples = [yaml.safe_load(code)["metrics"] for code in blocks("yaml")]
    names = [MetricSpec.model_validate(item).name for metrics in examples for item in metrics]
    assert len(names) == 7
    assert {name.partition(":")[0] for name in names} == {"python", "mlflow", "hf"}
