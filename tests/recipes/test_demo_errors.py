"""What the demo refuses, before a model is started."""

import importlib.util
from pathlib import Path

import pytest

from evalhub.errors import ConfigError, MissingExtraError, ModelUnavailableError
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.recipes.demo import DemoPlan, run_demo
from evalhub.recipes.render import render_pdf


def _ignore(what: str, done: int, total: int) -> None:
    """Show no progress."""


@pytest.mark.parametrize("package", ["fpdf", "mlflow", "pytrec_eval"])
def test_a_missing_package_is_named_first(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """The message is the pip command with all extras that the demo needs."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else found(name)
    )
    extras = r"'evalhub\[local,mlflow,retrieval\]'"
    with pytest.raises(MissingExtraError, match=rf"{package} is not .*{extras}"):
        run_demo(DemoPlan(), MlflowTracker(), on_step=_ignore)


def test_a_home_that_cannot_be_written_is_one_line(evalhub_home: Path) -> None:
    """The message names the folder and the variable that moves it."""
    (evalhub_home / "demo").write_text("in the way")
    with pytest.raises(ConfigError, match=r"cannot write the papers to .*demo: .*EVALHUB_HOME"):
        run_demo(DemoPlan(), MlflowTracker(), on_step=_ignore)


def test_rag_alone_needs_questions(tmp_path: Path) -> None:
    """Without questions there is nothing to ask, and the message names the file."""
    render_pdf("It was found.", tmp_path / "mine.pdf")
    plan = DemoPlan(papers=False, folder=tmp_path)
    with pytest.raises(ConfigError, match=r"the rag recipe needs .*questions\.jsonl"):
        run_demo(plan, MlflowTracker(), on_step=_ignore)


@pytest.mark.model
def test_an_endpoint_that_is_down_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When every call fails there is no verdict but one line, with the first failure."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("EVALHUB_MODEL", "nobody")
    render_pdf("It was found.", tmp_path / "mine.pdf")
    plan = DemoPlan(rag=False, folder=tmp_path)
    with pytest.raises(ModelUnavailableError, match=r"all 1 calls of demo-papers baseline failed"):
        run_demo(plan, MlflowTracker(), on_step=_ignore)
