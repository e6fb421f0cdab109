"""The client-shaped object, ``configure`` and the other names of ``evalhub.tracing.langsmith``."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from evalhub.errors import ConfigError
from evalhub.tracing import langsmith, traceable
from evalhub.tracing.exporters.memory import MemoryExporter
from evalhub.tracing.langsmith.anonymizer import create_anonymizer
from evalhub.tracing.langsmith.run_trees import get_cached_client
from evalhub.tracing.langsmith.utils import tracing_is_enabled
from evalhub.tracing.process import configure, flush
from evalhub.tracing.testing import Recorder


@pytest.fixture
def everywhere() -> Iterator[None]:
    """Take back what ``langsmith.configure`` set for the process."""
    yield
    langsmith.configure(client=None, tags=None, metadata=None)


@traceable
def leaf(n: int = 1) -> int:
    """Return *n*."""
    return n


def test_feedback_is_a_score() -> None:
    """``create_feedback`` records a score of a span, or of the trace whose root it names."""
    memory = MemoryExporter()
    configure(exporter=memory)
    client = langsmith.Client()
    with langsmith.trace("root") as root:
        inside = client.create_feedback(root.id, "inside", score=0.5, comment="so so")
    client.create_feedback(root.id, "outside", value="good")
    client.create_feedback(uuid4(), "by ids", score=True, trace_id=root.trace_id)
    client.flush()
    scores = {score.name: score for score in memory.scores}
    assert scores["inside"].id == inside.id.hex
    assert (scores["inside"].span_id, scores["inside"].value) == (root.id.hex, 0.5)
    assert (scores["inside"].explanation, scores["inside"].source) == ("so so", "user")
    assert (scores["outside"].trace_id, scores["outside"].span_id) == (root.id.hex, None)
    assert (scores["outside"].value, scores["outside"].label) == (None, "good")
    assert (scores["by ids"].trace_id, scores["by ids"].value) == (root.trace_id.hex, 1.0)


def test_runs_by_the_client(recorder: Recorder) -> None:
    """``create_run`` and ``update_run`` record a run once; one with an end is recorded at once."""
    client = langsmith.Client()
    run_id, now = uuid4(), datetime.now(UTC)
    client.create_run("whole", {"a": 1}, "tool", outputs={"b": 2}, end_time=now, tags=["t"])
    client.create_run("parted", {"a": 1}, "llm", id=run_id)
    client.update_run(run_id, extra={"metadata": {"m": 1}})
    client.update_run(run_id, error="it broke", end_time=now)
    client.update_run(run_id, outputs={"too": "late"})
    whole, parted = recorder.span("whole"), recorder.span("parted")
    assert (whole.outputs, whole.tags) == (b'{"b":2}', ("t",))
    assert (parted.span_id, parted.error, parted.status) == (run_id.hex, "it broke", "error")
    assert parted.attributes == b'{"m":1}'


def test_what_needs_a_server_says_so() -> None:
    """Reading methods raise one line that names what to do; other names are no attributes."""
    client = langsmith.Client()
    with pytest.raises(ConfigError, match=r"Client.read_run needs LangSmith's server.*evalhub tr"):
        client.read_run("x")
    with pytest.raises(ConfigError, match="evalhub eval run"):
        langsmith.evaluate(lambda: 1, data="d")
    assert not hasattr(client, "tracing_queue")
    assert not hasattr(langsmith, "no_such_name")


def test_client_that_hides() -> None:
    """A client's privacy settings hold for the process, and leave the others as they were."""
    memory = MemoryExporter()
    configure(exporter=memory, project="p")
    rule = {"pattern": re.compile(r"\d+"), "replace": "#"}
    langsmith.Client(anonymizer=create_anonymizer([rule]), hide_outputs=True)
    traceable(name="secret")(lambda text: text)("pin 1234")
    flush()
    assert [(span.project, span.inputs) for span in memory.spans] == [("p", b'{"text":"pin #"}')]
    assert all(b"1234" not in (span.outputs or b"") for span in memory.spans)


def test_async_client(recorder: Recorder) -> None:
    """The async client's methods are awaited."""

    async def main() -> None:
        async with langsmith.AsyncClient() as client:
            run_id = uuid4()
            await client.create_run("run", {}, "chain", id=run_id)
            await client.update_run(run_id, outputs={"a": 1})

    asyncio.run(main())
    assert recorder.span("run").outputs == b'{"a":1}'


def test_configure_holds_everywhere(recorder: Recorder, everywhere: None) -> None:
    """Project, tags and metadata of the process are those of every trace, in threads too."""
    client = langsmith.Client()
    langsmith.configure(client=client, project_name="p", tags=["t"], metadata={"m": 1})
    with langsmith.ContextThreadPoolExecutor() as pool:
        pool.submit(leaf).result()
    langsmith.configure(enabled=False)
    leaf()
    assert not tracing_is_enabled()
    langsmith.configure(enabled=None)
    assert get_cached_client() is client
    (span,) = recorder.spans
    assert (span.project, span.tags, span.attributes) == ("p", ("t",), b'{"m":1}')


@pytest.mark.parametrize(
    ("replacer", "expected"),
    [
        ([{"pattern": r"\d+", "replace": "#"}], {"a": ["x #"], "n": 1}),
        ([{"pattern": r"\d+"}], {"a": ["x [redacted]"], "n": 1}),
        (lambda text, path: "/".join(map(str, path)), {"a": ["a/0"], "n": 1}),
    ],
)
def test_anonymizer(replacer: object, expected: object) -> None:
    """Rules and functions replace strings wherever they stand, in a copy."""
    data = {"a": ["x 12"], "n": 1}
    assert create_anonymizer(replacer)(data) == expected
    assert data == {"a": ["x 12"], "n": 1}


def test_anonymizer_masks_what_is_too_deep() -> None:
    """Below ``max_depth`` nothing is let through."""
    deep = {"a": {"b": {"c": "secret"}}}
    assert "secret" not in json.dumps(create_anonymizer([], max_depth=2)(deep))


def test_ids_are_ordered() -> None:
    """``uuid7`` gives ids in the order of time."""
    early = langsmith.uuid7_from_datetime(datetime(2020, 1, 1, tzinfo=UTC))
    assert early < langsmith.uuid7()
    assert early.version == 7
