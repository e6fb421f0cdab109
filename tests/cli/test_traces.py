"""``evalhub traces`` as a user types it."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evalhub.model import Attachment, Batch, Delivery, Span, SpanEvent, SpanScore, Usage
from evalhub.store import open_store
from evalhub.store.batches import add_batch
from evalhub.store.spans import add_spans

SECOND = 10**9
OLD, NEW = "0" * 31 + "1", "f" * 32


def evalhub(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from evalhub.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def now_ns() -> int:
    """Store an old trace of one span and a new one with a failed call; return the time."""
    now = time.time_ns()
    old = now - 2 * 86400 * SECOND
    spans = [
        Span(OLD, "a", None, "papers", "summarise", "chain", "ok", old, old + SECOND // 2),
        Span(NEW, "b", None, "rag", "answer", "chain", "error", now, now + 3 * SECOND),
        Span(
            NEW,
            "c",
            "b",
            "rag",
            "ChatCompletion",
            "llm",
            "error",
            now + 1,
            now + SECOND,
            first_token_ns=now + SECOND // 4 + 1,
            model="gpt-4o",
            provider="openai",
            usage=Usage(1000, 100),
            tags=("x",),
            inputs=b'{"messages":[{"role":"user","content":"why?"}]}',
            outputs=b'{"output":"cut in the mid',
            error="TimeoutError('too slow')\nTraceback ...",
            events=(SpanEvent("retry", now, b'{"n":1}'),),
        ),
    ]
    with open_store() as store, store.begin() as connection:
        add_spans(connection, spans)
    return now


def listed(*arguments: str) -> list[str]:
    """Return the ids that ``traces list --json`` gives."""
    done = evalhub("traces", "list", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return [trace["id"] for trace in json.loads(done.stdout)]


@pytest.mark.usefixtures("now_ns")
def test_filters_of_the_list() -> None:
    """Newest first, narrowed by each option."""
    assert listed() == [NEW, OLD]
    assert listed("--project", "rag") == [NEW]
    assert listed("--status", "ok", "--name", "SUMM") == [OLD]
    assert listed("--since", "24h") == [NEW]
    assert listed("--limit", "1") == [NEW]


def test_the_list_as_json(now_ns: int) -> None:
    """Each trace is an object with its sums."""
    trace = json.loads(evalhub("traces", "list", "--json", "--limit", "1").stdout)[0]
    started = datetime.fromisoformat(trace.pop("start_time"))
    assert started == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now_ns // 1000)
    assert trace == {
        "id": NEW,
        "name": "answer",
        "project": "rag",
        "duration_ms": 3000.0,
        "status": "error",
        "spans": 2,
        "errors": 2,
        "input_tokens": 1000,
        "output_tokens": 100,
        "cost_usd": pytest.approx(0.0035),
        "session_id": None,
        "user_id": None,
        "complete": True,
    }


@pytest.mark.usefixtures("now_ns")
def test_the_list_as_a_table() -> None:
    """People see one line a trace, with ids that ``traces show`` takes."""
    lines = evalhub("traces", "list").stdout.splitlines()
    assert len(lines) == 3
    assert lines[1].split()[0] == NEW[:16]
    assert "$0.0035" in lines[1]
    assert "500 ms" in lines[2]
    assert evalhub("traces", "show", lines[2].split()[0]).returncode == 0


@pytest.mark.usefixtures("now_ns")
def test_one_trace_as_a_tree() -> None:
    """Children stand below their parents, with tokens, cost, previews and the error."""
    done = evalhub("traces", "show", "ff")
    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        NEW,
        "└── answer  3.0 s",
        "    └── ChatCompletion  1.0 s  1000+100 tokens  $0.0035  llm  gpt-4o",
        'in  {"messages":[{"role":"user","content":"why?"}]}',
        "error TimeoutError('too slow')",
    ):
        assert part in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.usefixtures("now_ns")
def test_one_trace_as_json() -> None:
    """Payloads are decoded; one that was cut is the text it is."""
    trace = json.loads(evalhub("traces", "show", NEW, "--json").stdout)
    assert trace["id"] == NEW
    call = trace["spans"][1]
    assert call["inputs"]["messages"][0]["content"] == "why?"
    assert call["outputs"] == '{"output":"cut in the mid'
    assert call["first_token_ms"] == 250.0
    assert call["cost_usd"] == pytest.approx(0.0035)
    assert call["events"][0]["attributes"] == {"n": 1}


@pytest.fixture
def incomplete() -> str:
    """Store a trace that lost spans and carries a picture; return its id."""
    trace_id = "e" * 32
    span = Span(trace_id, "a", None, "rag", "draw", "llm", "ok", 0, SECOND)
    picture = Attachment("plot.png", "image/png", b"x" * 1234)
    usage = Usage(100, 50, audio_input_tokens=40, tier="batch")
    span = replace(span, attachments=(picture,), usage=usage, model="gpt-4o")
    report = Delivery(
        producer="b" * 32,
        host="web-1",
        pid=17,
        started_ns=0,
        updated_ns=time.time_ns() - 3600 * SECOND,
        is_ended=False,
        recorded=9,
        spooled=2,
        dropped=3,
        losses=((trace_id, 3),),
    )
    with open_store() as store, store.begin() as connection:
        add_batch(connection, Batch([span], (), report))
    return trace_id


def test_an_incomplete_trace_says_so(incomplete: str) -> None:
    """The list flags it, the tree ends with one line, JSON gives the numbers."""
    assert "ok incomplete" in evalhub("traces", "list").stdout
    assert json.loads(evalhub("traces", "list", "--json").stdout)[0]["complete"] is False
    shown = evalhub("traces", "show", incomplete).stdout.splitlines()
    assert shown[-1] == "incomplete: 3 spans were lost before delivery"
    trace = json.loads(evalhub("traces", "show", incomplete, "--json").stdout)
    assert trace["complete"] is False
    assert trace["missing"] == {
        "lost": 3,
        "absent_parents": 0,
        "root": False,
        "reasons": ["3 spans were lost before delivery"],
    }


def test_a_whole_trace_says_nothing_of_it(now_ns: int) -> None:
    """No line of its own, and nothing missing in JSON."""
    assert "incomplete" not in evalhub("traces", "show", NEW).stdout
    assert json.loads(evalhub("traces", "show", NEW, "--json").stdout)["complete"] is True
    assert now_ns


def test_attachments_and_tiers_are_shown(incomplete: str) -> None:
    """What a span carries, how large it is, and by which tier it was called."""
    shown = evalhub("traces", "show", incomplete).stdout
    assert "attached plot.png (image/png, 1 kB)" in shown
    assert "batch" in shown
    span = json.loads(evalhub("traces", "show", incomplete, "--json").stdout)["spans"][0]
    assert (span["audio_input_tokens"], span["tier"], span["cost_usd"]) == (40, "batch", None)
    (item,) = span["attachments"]
    assert (item["name"], item["size"], len(item["sha256"])) == ("plot.png", 1234, 64)


def test_scores_stand_with_what_they_are_about(incomplete: str) -> None:
    """A score of the whole trace below its head, one of a span with the span."""
    whole = SpanScore("1" * 32, incomplete, None, "helpful", 1.0, "yes", "a clear plot", "user", 5)
    part = SpanScore("2" * 32, incomplete, "a", "style", None, "plain", None, "code", 6)
    with open_store() as store, store.begin() as connection:
        add_batch(connection, Batch((), (whole, part)))
    lines = evalhub("traces", "show", incomplete).stdout.splitlines()
    assert lines[1].strip() == "score helpful  1  yes  (user)  a clear plot"
    assert lines[-2].strip() == "score style  plain  (code)"
    scores = json.loads(evalhub("traces", "show", incomplete, "--json").stdout)["scores"]
    assert [(one["name"], one["value"], one["span_id"]) for one in scores] == [
        ("helpful", 1.0, None),
        ("style", None, "a"),
    ]
    assert scores[0]["source"] == "user"


def test_the_delivery_ledger(incomplete: str) -> None:
    """One line a process, with what is neither here nor known to be lost."""
    lines = evalhub("traces", "delivery").stdout.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("17 on web-1")
    assert "silent for 1 h" in lines[1]
    (one,) = json.loads(evalhub("traces", "delivery", "--json").stdout)
    counts = [one[name] for name in ("recorded", "stored", "spooled", "dropped", "outstanding")]
    assert counts == [9, 1, 2, 3, 5]
    assert incomplete


def test_an_empty_ledger_says_what_to_do() -> None:
    """No process is no error."""
    assert "no process has reported" in evalhub("traces", "delivery").stdout
    assert json.loads(evalhub("traces", "delivery", "--json").stdout) == []


def test_an_empty_store_says_what_to_do() -> None:
    """No traces is no error."""
    done = evalhub("traces", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no traces" in done.stdout
    assert listed() == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("show", "nope"), "'nope'"),
        (("list", "--since", "yesterday"), "'yesterday'"),
        (("list", "--status", "broken"), "'broken'"),
    ],
)
def test_errors_are_one_line_and_exit_code_2(arguments: tuple[str, ...], word: str) -> None:
    """The line repeats the value."""
    done = evalhub("traces", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert word in done.stderr


@pytest.mark.usefixtures("now_ns")
def test_an_id_of_bytes_that_are_no_text_is_one_line() -> None:
    """What cannot be text cannot be an id; that is said, without a traceback."""
    done = evalhub("traces", "show", os.fsdecode(b"\xff"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
