"""The page about online evaluation is true: its file is one, and its tables are whole."""

import json
import re
from pathlib import Path

import pytest

from evalhub.evals.online.alerts import alert_message
from evalhub.evals.online.bands import BandState
from evalhub.evals.online.config import AlertSpec, BandSpec, OnlineSpec, load_online

PAGE = Path(__file__).parents[3] / "docs/online.md"


def block(language: str) -> str:
    """Return the page's first example in *language*."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_file_of_the_page_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address from the environment."""
    monkeypatch.setenv("ALERT_URL", "https://chat.example/hook")
    path = tmp_path / "support.yaml"
    path.write_text(block("yaml"))
    spec = load_online(path).spec
    assert spec.alert == AlertSpec(webhook="https://chat.example/hook")
    assert (spec.sample, [metric.name for metric in spec.metrics]) == (
        0.2,
        ["rubric", "latency_ms"],
    )


def test_every_key_is_on_the_page() -> None:
    """In the tables, with what it is when left out."""
    named = set(re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8")))
    assert set(OnlineSpec.model_fields) | set(BandSpec.model_fields) <= named
    assert set(AlertSpec.model_fields) <= named


def test_an_alert_has_the_keys_of_the_page() -> None:
    """No more and no fewer."""
    found = BandState(BandSpec(metric="m", at_least=1), 0, 1, 0, 0.0, 0.0, 0.0, is_out=True)
    assert list(alert_message("x", found)) == list(json.loads(block("json")))
