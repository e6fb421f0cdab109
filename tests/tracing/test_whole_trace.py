"""Comparing whole traces in users' tests."""

import asyncio

import pytest

from evalhub.model import Span
from evalhub.tracing import get_current_span, trace, traceable
from evalhub.tracing.testing import Recorder, assert_same_trace, recording, tree


@traceable(run_type="retriever")
def search(question: str) -> list[str]:
    """Find documents."""
    return [f"about {question}"]


@traceable
def answer(question: str) -> str:
    """Answer from documents, or fail when there is no question."""
    if not question:
        raise ValueError("no question")
    return f"It is {search(question)[0]}."


WHOLE = """
answer [chain]
    inputs: {"question":"tea"}
    outputs: {"output":"It is about tea."}
  search [retriever]
      inputs: {"question":"tea"}
      outputs: {"output":["about tea"]}
"""


def test_a_trace_is_shown_as_a_tree(recorder: Recorder) -> None:
    """Children stand below their parent, in the order in which they were opened."""
    answer("tea")
    assert tree(recorder.spans) == WHOLE.strip()
    assert tree(recorder.spans, payloads=False) == "answer [chain]\n  search [retriever]"


def test_a_trace_compares_with_its_text(recorder: Recorder) -> None:
    """The text may be indented as the test is."""
    answer("tea")
    assert_same_trace(recorder, WHOLE)
    assert_same_trace(
        recorder.spans,
        """
        answer [chain]
          search [retriever]
        """,
        payloads=False,
    )


def test_a_difference_is_shown_by_its_lines(recorder: Recorder) -> None:
    """The message has the lines that were expected and those that were recorded."""
    answer("coffee")
    with pytest.raises(AssertionError) as raised:
        assert_same_trace(recorder, WHOLE)
    message = str(raised.value)
    assert '-    inputs: {"question":"tea"}' in message
    assert '+    inputs: {"question":"coffee"}' in message


@pytest.mark.parametrize("question", ["tea", ""])
def test_two_recordings_of_one_program_are_equal(question: str) -> None:
    """Ids and times do not count, not even those of other tracers."""
    recordings: list[list[Span]] = []
    for before in range(2):
        with recording() as recorder:
            for _ in range(before):
                search("something else")
            if question:
                answer(question)
            else:
                with pytest.raises(ValueError, match="no question"):
                    answer(question)
            recordings.append([span for span in recorder.spans if "else" not in str(span.inputs)])
    first, second = recordings
    assert first[0].span_id != second[0].span_id
    assert_same_trace(first, second, details=True)


def test_errors_are_in_it_without_their_traceback(recorder: Recorder) -> None:
    """A traceback names lines of files, which change; the error itself does not."""
    with pytest.raises(ValueError, match="no question"):
        answer("")
    assert_same_trace(
        recorder,
        """
        answer [chain] error
            inputs: {"question":""}
            error: ValueError('no question')
        """,
    )


def test_details_show_what_only_some_spans_have(recorder: Recorder) -> None:
    """Model, tokens, tags, metadata and events count when they are asked for."""
    with trace("ask", "llm", metadata={"team": "a"}, tags=["x"]) as span:
        span.set(model="m", usage={"input_tokens": 3, "output_tokens": 1}, session_id="s")
        span.add_event("half", {"at": 1})
        span.attach("note.txt", b"hello")
    shown = tree(recorder.spans, details=True)
    for line in (
        "model: m",
        "session: s",
        "tags: x",
        'metadata: {"team":"a"}',
        'event: half {"at":1}',
        "attachment: note.txt (text/plain, 5 bytes, 2cf24dba5fb0)",
    ):
        assert f"\n    {line}" in shown
    assert "usage: Usage(input_tokens=3, output_tokens=1" in shown


def test_traces_side_by_side_keep_their_children(recorder: Recorder) -> None:
    """Concurrent traces are shown one after the other, each whole."""

    @traceable
    async def think(name: str) -> None:
        await asyncio.sleep(0)
        search(name)

    async def main() -> None:
        await asyncio.gather(think("a"), think("b"))

    asyncio.run(main())
    lines = tree(recorder.spans, payloads=False).splitlines()
    assert lines == ["think [chain]", "  search [retriever]"] * 2


def test_a_span_whose_parent_is_elsewhere_is_a_root(recorder: Recorder) -> None:
    """A part of a trace can be shown, as when its parent is in another process."""
    answer("tea")
    assert get_current_span() is None
    (part,) = [span for span in recorder.spans if span.name == "search"]
    assert tree([part], payloads=False) == "search [retriever]"
