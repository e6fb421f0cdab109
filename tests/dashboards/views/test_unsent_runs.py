"""Runs that MLflow has yet to get, on the page of experiments, run by Streamlit itself."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from evalhub.config import load_settings
from evalhub.dashboards import data
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.experiments.outbox import Outbox, default_outbox

Seeded = SimpleNamespace
"""What the fixture ``seeded`` gives; its class lives in conftest.py."""


def experiments_page() -> None:
    """Draw the experiments; runs in a script of its own."""
    import streamlit as st

    from evalhub.dashboards.views import experiments

    experiments.show(lambda trace_id: st.write(f"opened {trace_id}"))


def run(**query: str) -> AppTest:
    """Run the page with this query string and return what it drew, which must be no exception."""
    test = AppTest.from_function(experiments_page, default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, test.exception
    return test


def boards(test: AppTest) -> str:
    """Return the text of every board on the page, as it was sent to the browser."""
    return " ".join(str(item.proto) for item in test.get("bidi_component"))


def texts(elements: Any) -> str:
    """Return the values of elements such as ``test.info``."""
    return " ".join(str(element.value) for element in elements)


@pytest.fixture
def unsent(seeded: Seeded, evalhub_home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Keep a run like the candidate in a home of its own, beside the week's MLflow."""
    kept = data.experiment(load_settings().mlflow_url, seeded.candidate_run)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", load_settings().mlflow_url)
    monkeypatch.setenv("EVALHUB_HOME", str(evalhub_home))
    return default_outbox().runs.log(kept)


def test_a_run_that_was_not_sent_is_listed_and_compared(seeded: Seeded, unsent: str) -> None:
    """Marked, with the command that sends it; against a run that MLflow keeps."""
    test = run()
    assert unsent in boards(test)
    assert seeded.baseline_run in boards(test)
    assert boards(test).count("not sent") == 1
    assert "1 run was not sent to MLflow" in texts(test.info)
    assert "`evalhub eval sync`" in texts(test.info)
    test = run(runs=f"{seeded.baseline_run},{unsent}")
    assert "B worse" in boards(test)
    assert not test.warning


def test_runs_of_which_all_were_sent_have_no_mark(seeded: Seeded) -> None:
    """Neither a word nor a hint."""
    test = run()
    assert "not sent" not in boards(test)
    assert "eval sync" not in texts(test.info)


def test_while_mlflow_is_down_what_was_kept_is_shown(
    unsent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it is down is a warning; two runs that were kept meanwhile are compared."""
    kept = default_outbox().runs.load(unsent)
    second = default_outbox().runs.log(kept)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    test = run(runs=f"{unsent},{second}")
    assert "127.0.0.1:9" in texts(test.warning).replace("\\", "")
    assert "2 runs were not sent" in texts(test.info)
    assert "no clear difference" in boards(test)


def test_a_link_to_a_run_holds_when_it_was_sent(
    seeded: Seeded, evalhub_home: Path, unsent: str, tmp_path: Path
) -> None:
    """Its id changed with the sending; the address may have gone to a colleague before."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    outbox = Outbox(evalhub_home / "unsent")
    (sent,) = outbox.send(MlflowTracker(url))
    found = data.run(url, unsent)
    assert found is not None
    assert found.run_id == sent.run_id
    assert data.unsent_runs() == []
