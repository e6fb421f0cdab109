"""Measure how near the evaluation runner comes to the ideal against a server that takes 50 ms.

Run ``python benchmarks/runner.py``. The ideal is examples / concurrency * latency. The server
speaks the OpenAI protocol, in a process of its own. Targets are called with tracing on and the
journal written, as `evalhub eval run` does it: an HTTP endpoint, and a prompt for a model by the
openai client. Beside them, the same requests sent by the bare openai client from as many
threads: what that client's own processor time leaves of the ideal.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalhub.evals.targets.base import Target

_LATENCY_S = 0.05
_PROMPT = "Say {text}"
_ANSWER = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "fake",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "hello"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    }
).encode()
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                line.partition(b":")[2]
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            await reader.readexactly(int(length))
            await asyncio.sleep(_LATENCY_S)
            writer.write(_HEAD % len(_ANSWER) + _ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _serve(ready: Connection) -> None:
    async def main() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=256)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def _http_s(port: int, examples: int, concurrency: int) -> float:
    from evalhub.evals.targets.answer_paths import AnswerPaths
    from evalhub.evals.targets.http_endpoint import HttpTarget

    target = HttpTarget(
        "http",
        f"http://127.0.0.1:{port}/v1/chat/completions",
        body={"model": "fake", "messages": [{"role": "user", "content": _PROMPT}]},
        answer=AnswerPaths(text="choices[0].message.content"),
    )
    return _runner_s(target, examples, concurrency)


def _prompt_s(port: int, examples: int, concurrency: int) -> float:
    from evalhub.evals.targets.prompt import PromptTarget
    from evalhub.llm.endpoint import Endpoint
    from evalhub.llm.openai import OpenAIChat

    chat = OpenAIChat(Endpoint(f"http://127.0.0.1:{port}/v1", "fake"))
    return _runner_s(PromptTarget("prompt", chat, _PROMPT), examples, concurrency)


def _runner_s(target: "Target", examples: int, concurrency: int) -> float:
    from evalhub.evals.runs.journal import Journal
    from evalhub.evals.runs.pace import Limits
    from evalhub.evals.runs.runner import run_experiment
    from evalhub.model import Dataset, Example

    limits = Limits(concurrency=concurrency)

    def run(count: int) -> float:
        rows = tuple(Example(str(i), {"text": str(i)}) for i in range(count))
        with tempfile.TemporaryDirectory() as folder, Journal(Path(folder), "plan") as journal:
            start = time.perf_counter()
            experiment = run_experiment(
                target, Dataset("d", rows), [], suite="bench", limits=limits, journal=journal
            )
            spent = time.perf_counter() - start
        failed = sum(result.error is not None for result in experiment.results)
        if failed:
            raise SystemExit(f"{failed} calls failed")
        return spent

    run(2 * concurrency)
    return run(examples)


def _client_s(port: int, examples: int, concurrency: int) -> float:
    import openai

    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none")

    def ask(number: int) -> object:
        content = _PROMPT.format(text=number)
        return client.chat.completions.create(
            model="fake", messages=[{"role": "user", "content": content}]
        )

    with ThreadPoolExecutor(concurrency) as pool:
        list(pool.map(ask, range(2 * concurrency)))
        start = time.perf_counter()
        list(pool.map(ask, range(examples)))
        return time.perf_counter() - start


def _request_ms(port: int, requests: int = 60) -> dict[str, float]:
    """Return the milliseconds of a processor that one request takes, by who sends it."""
    import openai

    from evalhub.llm.endpoint import Endpoint
    from evalhub.llm.openai import OpenAIChat

    url = f"http://127.0.0.1:{port}/v1"
    client, own = openai.OpenAI(base_url=url, api_key="none"), OpenAIChat(Endpoint(url, "fake"))
    body: dict[str, Any] = {"model": "fake", "messages": [{"role": "user", "content": _PROMPT}]}
    senders: dict[str, Callable[[], object]] = {
        "openai, chat.completions.create": lambda: client.chat.completions.create(**body),
        "openai, post": lambda: client.post("/chat/completions", body=body, cast_to=object),
        "evalhub, traced": lambda: own.complete(body["messages"]),
    }
    spent = {}
    for name, send in senders.items():
        send()
        start = time.thread_time()
        for _ in range(requests):
            send()
        spent[name] = (time.thread_time() - start) / requests * 1e3
    return spent


def main() -> None:
    """Print the share of the ideal throughput that is kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=1_600)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3, help="the best counts")
    given = parser.parse_args()
    os.environ["EVALHUB_HOME"] = tempfile.mkdtemp()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    server.start()
    port = here.recv()
    ideal = given.examples / given.concurrency * _LATENCY_S
    measures = {
        "runner, HTTP endpoint": _http_s,
        "runner, model's prompt": _prompt_s,
        "bare openai client": _client_s,
    }
    for name, measure in measures.items():
        spent = min(measure(port, given.examples, given.concurrency) for _ in range(given.rounds))
        print(f"{name:<24}{spent:>7.2f} s, ideal {ideal:.2f} s: {ideal / spent:.0%}")
    print("processor time of a request, milliseconds")
    for name, spent in _request_ms(port).items():
        print(f"  {name:<34}{spent:>6.2f}")
    server.terminate()


if __name__ == "__main__":
    main()
