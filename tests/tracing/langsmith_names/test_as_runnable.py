"""``as_runnable`` with the real langchain-core."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from evalhub.tracing import as_runnable, trace, traceable
from evalhub.tracing.testing import Recorder


@traceable(run_type="tool")
def double(n: int, m: int = 1) -> int:
    """Return twice *n*."""
    return 2 * n * m


@traceable
async def triple(n: int) -> int:
    """Return three times *n*."""
    return 3 * n


def test_runnable_calls_the_traced_function(recorder: Recorder) -> None:
    """The input's items are the arguments; the span is below what is open around it."""
    with trace("around") as around:
        chain: Any = as_runnable(double) | (lambda n: n + 1)
        assert chain.invoke({"n": 3, "m": 2}) == 13
        assert as_runnable(double).batch([{"n": 1}, {"n": 2}]) == [2, 4]
        parent = around.span_id
    spans = [span for span in recorder.spans if span.name == "double"]
    assert sorted(json.loads(span.inputs or b"")["n"] for span in spans) == [1, 2, 3]
    assert {(span.kind, span.parent_id) for span in spans} == {("tool", parent)}


def test_async_runnable(recorder: Recorder) -> None:
    """A coroutine function is awaited by ``ainvoke``; ``invoke`` says so."""
    runnable = as_runnable(triple)
    assert asyncio.run(runnable.ainvoke({"n": 2})) == 6
    with pytest.raises(TypeError, match="use ainvoke"):
        runnable.invoke({"n": 2})
    assert recorder.span("triple").outputs == b'{"output":6}'


def test_what_is_not_traceable_is_refused() -> None:
    """A plain function is an error that names it."""
    with pytest.raises(ValueError, match=r"decorated by traceable, not <built-in function len>"):
        as_runnable(len)


def test_without_langchain(recorder: Recorder) -> None:
    """The error names what to install."""
    program = (
        "import sys; sys.modules['langchain_core'] = None\n"
        "from evalhub.tracing import as_runnable, traceable\n"
        "try: as_runnable(traceable(lambda: 1))\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip().endswith("pip install 'evalhub[langchain]'")
