"""What ``--set KEY=VALUE`` takes a value for: the same as a suite file does."""

from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.judge_options import JudgeOptions, open_judge
from evalhub.cli.metrics_settings import open_metrics
from evalhub.cli.yaml_values import assigned_value
from evalhub.errors import ConfigError
from evalhub.evals.suites.yaml_lines import parse_yaml

VALUES = [
    ("no", "no"),
    ("On", "On"),
    ("false", False),
    ("1e-3", 0.001),
    ("010", 10),
    ("1:30", "1:30"),
    ("2026-11-22", "2026-11-22"),
    ("", None),
    ("[de, no]", ["de", "no"]),
    ("{limit: 1, lang: no}", {"limit": 1, "lang": "no"}),
    ("a=b", "a=b"),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_value_means_what_it_means_in_a_suite(text: str, value: Any, tmp_path: Path) -> None:
    """Of both: no, the language, is a text, and 1e-3 a number."""
    suite = tmp_path / "suite.yaml"
    suite.write_text(f"key: {text}", encoding="utf-8")
    assert assigned_value(f"key={text}") == value
    assert parse_yaml(suite).value == {"key": value}


@pytest.mark.parametrize("text", ["[", "a: b: c", "9" * 5000])
def test_what_is_no_yaml_is_one_line(text: str) -> None:
    """The message names the assignment and what to do."""
    with pytest.raises(ConfigError, match=r"has a value that is no YAML .*in quotes") as caught:
        assigned_value(f"key={text}")
    assert "\n" not in str(caught.value)


def test_norwegian_is_a_language_of_metrics_and_judges() -> None:
    """Both commands that take settings read them so."""
    with open_metrics(["language"], ["language=no"]) as (metric,):
        assert "language:no" in metric.signature
    with open_judge(JudgeOptions("language", settings=["language=no"])) as judge:
        assert judge.signature == metric.signature
