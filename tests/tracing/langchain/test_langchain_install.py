"""The handler passed, installed, twice, off, failing, and without its package."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from evalhub.tracing import configure
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.integrations.langchain import (
    EvalhubCallbackHandler,
    instrument_langchain,
    uninstrument_langchain,
)
from evalhub.tracing.testing import Recorder


@pytest.fixture(autouse=True)
def _not_installed() -> Iterator[None]:
    yield
    uninstrument_langchain()


@pytest.fixture
def config() -> RunnableConfig:
    """Pass our handler to one call."""
    return {"callbacks": [EvalhubCallbackHandler()]}


def test_span_id_is_the_run_id(recorder: Recorder, config: RunnableConfig) -> None:
    """A run is found by its id; an id that is used again gives another span."""
    run_id = uuid.uuid4()
    chain = RunnableLambda(str.upper)
    for _ in range(2):
        chain.invoke("x", {**config, "run_id": run_id})
    first, second = recorder.spans
    assert first.span_id == first.trace_id == run_id.hex
    assert second.span_id != first.span_id


def test_installed_for_all_calls(recorder: Recorder) -> None:
    """Installed, every call is recorded once, whatever handlers it is given as well."""
    instrument_langchain(tags=["installed"])
    instrument_langchain(tags=["again"])
    chain: Runnable[str, str] = RunnableLambda(str.upper) | RunnableLambda(str.lower)
    chain.invoke("x")
    assert [span.tags[-1] for span in recorder.spans] == ["again"] * 3
    chain.invoke("x", {"callbacks": [EvalhubCallbackHandler()]})
    assert len(recorder.spans) == 6
    uninstrument_langchain()
    chain.invoke("x")
    assert len(recorder.spans) == 6


def test_two_handlers(recorder: Recorder) -> None:
    """Two handlers that are told of the same runs record each once."""
    both = RunnableLambda(str.upper).with_config(callbacks=[EvalhubCallbackHandler()])
    (both | RunnableLambda(str.lower)).invoke("x", {"callbacks": [EvalhubCallbackHandler()]})
    assert len(recorder.spans) == 3
    assert len({span.trace_id for span in recorder.spans}) == 1


def test_off(config: RunnableConfig) -> None:
    """Switched off, nothing is recorded and chains work."""
    configure(enabled=False)
    assert RunnableLambda(str.upper).invoke("x", config) == "X"


def test_our_failure_stays_ours(
    recorder: Recorder,
    config: RunnableConfig,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A failure of ours is counted, and neither the chain nor LangChain's log sees it."""

    def broken(*_: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(ActiveSpan, "set_inputs", broken)
    monkeypatch.setattr(ActiveSpan, "set_outputs", broken)
    assert RunnableLambda(str.upper, name="step").invoke("x", config) == "X"
    assert recorder.span("step").error is None
    assert recorder.stats().internal_errors == 2
    assert not [record for record in caplog.records if record.name.startswith("langchain")]


def test_missing_package() -> None:
    """Without langchain-core the import says in one line what to install."""
    code = (
        "import sys; sys.modules['langchain_core'] = None\n"
        "import evalhub.tracing.integrations.langchain"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 1
    assert "pip install 'evalhub[langchain]'" in done.stderr.splitlines()[-1]
