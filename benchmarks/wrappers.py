"""What a wrapped OpenAI client costs beside the plain one: ``python benchmarks/wrappers.py``.

One chat call, and one chunk of a chat streamed in 1,000 chunks, answered by a stub transport
in this process: no network. The clients take turns in one process, call by call and in
changing order, since whoever begins after a pause runs faster. Each figure is the median of
what a client took more than the plain one in the same round, in microseconds of CPU.
Caller is the calling thread, total the whole process with delivery, in blocks of calls.
Compare ratios of one run: absolute figures depend on the machine.
"""

import gc
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import openai

from evalhub.tracing import configure, flush, stats, wrap_openai
from evalhub.tracing.process import tracer_in_force

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from sink import serve

PROMPT = "what is the capital of France? " * 5
CHUNKS = 1_000
CALLS = 100
ROUNDS = 11
USAGE = {"prompt_tokens": 40, "completion_tokens": 30, "total_tokens": 70}


class Costs(NamedTuple):
    """Microseconds of CPU of each client, round by round."""

    caller: dict[str, list[float]]
    total: dict[str, list[float]]


class Client(NamedTuple):
    """One line of the table."""

    label: str
    chats: Any
    flush: Callable[[], object]
    enabled: bool = True


def main() -> None:
    """Measure the clients in turn and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        configure(url=f"sqlite:///{Path(folder) / 'evalhub.db'}", enabled=True)
        plain = Client("plain", chats(), lambda: None)
        ours = [
            Client("evalhub, SQLite", chats(wrap_openai), lambda: flush(60)),
            Client("evalhub, off", chats(wrap_openai), lambda: None, enabled=False),
        ]
        # Apart, as the threads of one would slow down the other.
        groups = [[plain, *clients] for clients in (ours, langsmith()) if clients]
        tables = [
            (
                measure(clients, call, 1, CALLS, ROUNDS * 30),
                measure(clients, stream, CHUNKS, rounds=ROUNDS * 6),
            )
            for clients in groups
        ]
        counts = stats()
        configure(enabled=False)
    print_table(tables)
    if counts.dropped or counts.internal_errors:
        raise SystemExit(f"something went wrong: {counts}")


def measure(
    clients: list[Client],
    work: Callable[[Any], object],
    size: int,
    block: int = 1,
    rounds: int = ROUNDS,
) -> Costs:
    """Return each client's cost of *work* in each round, divided by its *size*.

    The whole process is measured over *block* times the work, with delivery.
    """
    costs = Costs(
        {client.label: [] for client in clients}, {client.label: [] for client in clients}
    )
    for number in range(-rounds // 10, rounds):  # those before the first warm up
        for client in in_turn(clients, number):
            seconds = clock(client, partial(work, client.chats), time.thread_time)
            if number >= 0:
                costs.caller[client.label].append(seconds / size * 1e6)
    for number in range(ROUNDS):
        for client in in_turn(clients, number):
            seconds = clock(client, partial(deliver, client, work, block), time.process_time)
            costs.total[client.label].append(seconds / size / block * 1e6)
    return costs


def in_turn(clients: list[Client], number: int) -> list[Client]:
    """Return *clients* in the order of this round: who comes after whom matters."""
    return random.Random(number).sample(clients, len(clients))


def deliver(client: Client, work: Callable[[Any], object], times: int) -> None:
    """Do the work and wait until it is delivered."""
    for _ in range(times):
        work(client.chats)
    client.flush()


def clock(client: Client, job: Callable[[], object], read: Callable[[], float]) -> float:
    """Return what *job* takes with *client*, in seconds of CPU."""
    tracer_in_force().enabled = client.enabled  # `configure` would make another tracer
    if read is time.process_time:
        gc.collect(1)  # a full one would take longer than the work
    started = read()
    job()
    return read() - started


def call(chat: Any) -> None:
    """Make a plain call."""
    chat.create(model="gpt-x", messages=[{"role": "user", "content": PROMPT}], temperature=0)


def stream(chat: Any) -> None:
    """Read one stream."""
    messages = [{"role": "user", "content": PROMPT}]
    for _ in chat.create(model="gpt-x", messages=messages, stream=True):
        pass


def chats(wrap: Callable[[openai.OpenAI], openai.OpenAI] | None = None) -> Any:
    """Return the chat completions of a client that talks to the stub."""
    transport = httpx2.MockTransport(answer)
    http_client = httpx2.Client(transport=transport)
    client = openai.OpenAI(api_key="none", http_client=http_client, max_retries=0)
    return (wrap(client) if wrap else client).chat.completions


def langsmith() -> list[Client]:
    """Return langsmith's line, sending to a local server that accepts everything."""
    os.environ.update(
        LANGSMITH_TRACING="true", LANGSMITH_ENDPOINT=serve(), LANGSMITH_API_KEY="none"
    )
    try:
        from langsmith.run_trees import get_cached_client
        from langsmith.wrappers import wrap_openai as wrap
    except ImportError:
        return []
    return [Client("langsmith, local sink", chats(wrap), lambda: get_cached_client().flush())]


def answer(request: httpx2.Request) -> httpx2.Response:
    """Answer like OpenAI's API."""
    if json.loads(request.content).get("stream"):
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=STREAM)
    return httpx2.Response(200, json=WHOLE)


HEAD = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "gpt-x-1", "service_tier": "default"}
WHOLE = {
    **HEAD,
    "object": "chat.completion",
    "usage": USAGE,
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Paris is the capital of France. " * 4},
        }
    ],
}


def chunk(delta: dict[str, str], finish: str | None = None) -> str:
    """Return one event of the stream."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    body = {**HEAD, "object": "chat.completion.chunk", "choices": [choice], "usage": None}
    return f"data: {json.dumps(body)}\n\n"


STREAM = "".join(
    [
        chunk({"role": "assistant", "content": ""}),
        *(chunk({"content": " word"}) for _ in range(CHUNKS - 2)),
        chunk({}, "stop"),
        f"data: {json.dumps({**HEAD, 'object': 'x', 'choices': [], 'usage': USAGE})}\n\n",
        "data: [DONE]\n\n",
    ]
).encode()


def print_table(tables: list[tuple[Costs, Costs]]) -> None:
    """Print a line for each client: what it adds to a call and to a chunk, and the ratios."""
    heads = ("call", "ratio", "total", "ratio", "chunk", "ratio", "total", "ratio")
    print(f"{'microseconds added':24}{''.join(f'{head:>9}' for head in heads)}")
    ours: list[float] = []
    for table in tables:
        columns = [column for costs in table for column in costs]
        for label in list(columns[0])[1:]:
            added = [more(column[label], column["plain"]) for column in columns]
            ours = ours or added
            pairs = zip(added, ours, strict=True)
            print(f"{label:24}{''.join(f'{cost:9.2f}{cost / base:9.2f}' for cost, base in pairs)}")
    taken = [statistics.median(column["plain"]) for costs in tables[0] for column in costs]
    print(f"{'(the plain client)':24}{''.join(f'{value:9.2f}{str():9}' for value in taken)}")


def more(costs: list[float], plain: list[float]) -> float:
    """Return the median of what one client took more than the plain one in the same round."""
    return statistics.median(one - other for one, other in zip(costs, plain, strict=True))


if __name__ == "__main__":
    main()
