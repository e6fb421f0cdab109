"""A store filled with what a small team's week would leave in it."""

import io
import random
import time
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
import streamlit as st
from PIL import Image

from evalhub.config import load_settings
from evalhub.model import Attachment, Batch, Delivery, Score, ScoreState, Span, Usage
from evalhub.store import StoredScore, open_store
from evalhub.store.batches import add_batch
from evalhub.store.scores import add_scores
from evalhub.store.spans import add_spans

MS = 1_000_000
HOUR = 3_600_000 * MS

FACTS = (
    (
        "How long do refunds take?",
        "Refunds arrive within five working days of our receiving the parcel.",
    ),
    (
        "Can I change my delivery address?",
        "Yes, until the parcel leaves our warehouse, in your account under Orders.",
    ),
    ("Do you ship to Norway?", "We ship to Norway; customs duties are paid at checkout."),
    (
        "How do I reset my password?",
        "Choose Forgot password on the sign-in page and follow the link in the mail.",
    ),
    (
        "Is the kettle dishwasher safe?",
        "The lid and the filter are; the kettle itself must be wiped by hand.",
    ),
    (
        "What is the warranty on headphones?",
        "Headphones have a warranty of two years from the day of delivery.",
    ),
    (
        "How can I cancel a subscription?",
        "Open Subscriptions in your account and choose Cancel; it ends with the paid month.",
    ),
    (
        "Which payment methods do you take?",
        "Cards, bank transfer and invoices for business customers.",
    ),
    (
        "Can I return a used item?",
        "A used item can be returned within 30 days if it is clean and complete.",
    ),
    ("When are you open on Sundays?", "The chat is staffed on Sundays from ten to four."),
    (
        "Why was my card declined?",
        "The bank decides; most often the limit is reached or the address differs.",
    ),
    (
        "Do you price match?",
        "We match prices of shops in the same country within 14 days of the purchase.",
    ),
)

_REFUSED = "openai.RateLimitError: 429 Rate limit reached for gpt-4o-mini in organisation acme"
RATE_LIMIT = f"""{_REFUSED}
Traceback (most recent call last):
  File "support/answer.py", line 41, in answer_question
    reply = client.chat.completions.create(model=MODEL, messages=messages)
{_REFUSED}"""


@dataclass(frozen=True)
class Week:
    """The traces that were put in, for tests to look for."""

    home: Path
    now_ns: int
    trace_ids: tuple[str, ...]
    failed_id: str
    agent_id: str
    hostile_id: str
    attached_id: str
    facts: Sequence[tuple[str, str]] = FACTS
    """Questions and right answers."""


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    """Forget what the pages cached for another test's stores."""
    st.cache_data.clear()
    yield
    st.cache_data.clear()


@pytest.fixture(scope="session")
def week_of_traces(tmp_path_factory: pytest.TempPathFactory) -> Week:
    """Fill a home with a week of traces, once: tests only read it."""
    home = tmp_path_factory.mktemp("week")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALHUB_HOME", str(home))
        patch.delenv("EVALHUB_URL", raising=False)
        return _seed(home, time.time_ns())


def _seed(home: Path, now: int) -> Week:
    """Fill the store that the settings name; the same every time but for the clock."""
    draw = random.Random(7)
    traces = [_support_trace(draw, number, now - int(number * 0.7 * HOUR)) for number in range(230)]
    agent = _agent_trace(now - 2 * HOUR // 60)
    hostile = _hostile_trace(now - 400 * 24 * HOUR)
    attached = _attached_trace(now - 401 * 24 * HOUR)
    spans = [span for trace in (*traces, agent, hostile) for span in trace]
    with open_store(load_settings().url) as store, store.begin() as connection:
        add_spans(connection, spans)
        add_batch(connection, Batch(attached, (), _report(attached[0])))
        add_scores(connection, list(_scores(random.Random(8), traces)))
    return Week(
        home=home,
        now_ns=now,
        trace_ids=tuple(trace[0].trace_id for trace in traces),
        failed_id=next(trace[0].trace_id for trace in traces if trace[0].status == "error"),
        agent_id=agent[0].trace_id,
        hostile_id=hostile[0].trace_id,
        attached_id=attached[0].trace_id,
    )


def _scores(draw: random.Random, traces: Sequence[Sequence[Span]]) -> Iterator[StoredScore]:
    """Give what online evaluation stored: a judge's ratings, which fell, and none of the failed."""
    for number, trace in enumerate(traces):
        root = trace[0]
        failed = root.status == "error"
        value = None if failed else (4.6 if number > 90 else 3.1) + draw.uniform(-0.4, 0.4)
        state = ScoreState.ERRORED if failed else ScoreState.SCORED
        given = Score("rubric", value, "rubric|v:1", state)
        yield StoredScore(given, root.trace_id, "judge", root.end_ns + HOUR)


def _json(value: object) -> bytes:
    return orjson.dumps(value)


def _span(
    trace_id: str, number: int, parent: int | None, name: str, kind: str, *, start: int, end: int
) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=f"{trace_id[:28]}{number:04x}",
        parent_id=None if parent is None else f"{trace_id[:28]}{parent:04x}",
        project="support-bot",
        name=name,
        kind=kind,
        status="ok",
        start_ns=start,
        end_ns=end,
    )


def _trace_id(start_ns: int, number: int) -> str:
    return f"{start_ns // MS:012x}7{number:03x}8{number:015x}"


def _support_trace(draw: random.Random, number: int, start: int) -> list[Span]:
    """Return a question answered from retrieved text: chain, retriever, model."""
    question, answer = FACTS[number % len(FACTS)]
    trace_id = _trace_id(start, number)
    search = int(draw.lognormvariate(3.4, 0.5) * MS)
    wait = int(draw.lognormvariate(5.6, 0.4) * MS)
    write = int(draw.lognormvariate(6.6, 0.6) * MS)
    fails, streams = number % 19 == 11, number % 2 == 0
    model = "gpt-4o-mini" if number % 5 else "in-house-7b"
    end = start + search + wait + write + 3 * MS
    root = _span(trace_id, 0, None, "answer_question", "chain", start=start, end=end)
    found = _span(
        trace_id, 1, 0, "search_handbook", "retriever", start=start + MS, end=start + search
    )
    call = _span(trace_id, 2, 0, "chat.completions", "llm", start=start + search + MS, end=end - MS)
    documents = [
        {
            "id": f"handbook-{place + 1}",
            "title": FACTS[place % len(FACTS)][0],
            "text": FACTS[place % len(FACTS)][1],
            "score": round(0.91 - 0.07 * rank, 3),
        }
        for rank, place in enumerate(range(number % len(FACTS), number % len(FACTS) + 3))
    ]
    context = "\n".join(str(item["text"]) for item in documents)
    prompt = [
        {"role": "system", "content": f"Answer from the handbook only.\n\n{context}"},
        {"role": "user", "content": question},
    ]
    error = RATE_LIMIT
    call = replace(
        call,
        model=model,
        provider="openai" if model.startswith("gpt") else "vllm",
        inputs=_json({"model": model, "messages": prompt}),
        attributes=_json({"invocation_params": {"model": model, "temperature": 0.2}}),
    )
    if fails:
        call = replace(call, status="error", error=error)
        root = replace(root, status="error", error=error)
    else:
        call = replace(
            call,
            usage=Usage(input_tokens=380 + 7 * (number % 40), output_tokens=24 + number % 50),
            first_token_ns=call.start_ns + wait if streams else None,
            outputs=_json(
                {"choices": [{"index": 0, "message": {"role": "assistant", "content": answer}}]}
            ),
        )
        root = replace(root, outputs=_json({"output": answer}))
    session = f"chat-{number // 3:03d}"
    spans = [
        replace(root, inputs=_json({"question": question})),
        replace(found, inputs=_json({"query": question}), outputs=_json({"output": documents})),
        call,
    ]
    return [replace(span, session_id=session) for span in spans]


def _agent_trace(start: int) -> list[Span]:
    """Return an agent that looks an order up and answers: two model calls and a tool."""
    trace_id = _trace_id(start, 999)
    ask = {"role": "user", "content": "Where is my order 4711?"}
    wish = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "find_order", "arguments": '{"order_id": 4711}'},
            }
        ],
    }
    result = {
        "role": "tool",
        "tool_call_id": "call_1",
        "content": '{"status": "shipped", "eta": "Tuesday"}',
    }
    says = "Order 4711 has been shipped and arrives on **Tuesday**."
    root = _span(trace_id, 0, None, "order_agent", "agent", start=start, end=start + 2900 * MS)
    first = _span(
        trace_id, 1, 0, "chat.completions", "llm", start=start + 5 * MS, end=start + 1100 * MS
    )
    tool = _span(
        trace_id, 2, 0, "find_order", "tool", start=start + 1105 * MS, end=start + 1420 * MS
    )
    query = _span(
        trace_id, 3, 2, "orders.select", "chain", start=start + 1110 * MS, end=start + 1400 * MS
    )
    second = _span(
        trace_id, 4, 0, "chat.completions", "llm", start=start + 1425 * MS, end=start + 2890 * MS
    )
    return [
        replace(root, inputs=_json({"input": ask["content"]}), outputs=_json({"output": says})),
        replace(
            first,
            model="gpt-4o",
            usage=Usage(412, 21),
            inputs=_json({"messages": [ask]}),
            outputs=_json({"choices": [{"message": wish}]}),
        ),
        replace(
            tool,
            inputs=_json({"order_id": 4711}),
            outputs=_json({"output": {"status": "shipped", "eta": "Tuesday"}}),
        ),
        query,
        replace(
            second,
            model="gpt-4o",
            usage=Usage(468, 17),
            first_token_ns=second.start_ns + 600 * MS,
            inputs=_json({"messages": [ask, wish, result]}),
            outputs=_json({"choices": [{"message": {"role": "assistant", "content": says}}]}),
        ),
    ]


def _hostile_trace(start: int) -> list[Span]:
    """Return a call whose text would run a script if it were taken for markup."""
    said = "<img src=x onerror='window.taken = 1'><script>window.taken = 1</script>"
    trace_id = _trace_id(start, 998)
    root = _span(trace_id, 0, None, said, "llm", start=start, end=start + MS)
    return [
        replace(root, project="old", inputs=_json({"input": said}), outputs=_json({"output": said}))
    ]


def _attached_trace(start: int) -> list[Span]:
    """Return a call that heard a tone, drew a picture and wrote a PDF."""
    picture = io.BytesIO()
    Image.new("RGB", (320, 120), (46, 110, 180)).save(picture, "png")
    sound = io.BytesIO()
    with wave.open(sound, "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8000)
        tone.writeframes(b"\0\0" * 800)
    root = _span(_trace_id(start, 997), 0, None, "describe", "llm", start=start, end=start + MS)
    usage = Usage(120, 40, audio_input_tokens=80, tier="batch")
    items = (
        Attachment("plot.png", "image/png", picture.getvalue()),
        Attachment("question.wav", "audio/wav", sound.getvalue()),
        Attachment("answer.pdf", "application/pdf", b"%PDF-1.4"),
        Attachment("broken.png", "image/png", b"no picture"),
    )
    return [replace(root, project="old", usage=usage, attachments=items)]


def _report(span: Span) -> Delivery:
    """Return what a process says that lost two spans of the trace of *span*."""
    return Delivery(
        producer=span.span_id,
        host="web-1",
        pid=17,
        started_ns=span.start_ns,
        updated_ns=span.end_ns,
        is_ended=True,
        recorded=3,
        spooled=0,
        dropped=2,
        losses=((span.trace_id, 2),),
    )
