"""Measure how near the evaluation runner comes to the ideal against a server that takes 50 ms.

Run ``python benchmarks/runner.py``. The ideal is examples / concurrency * latency. The server
speaks the OpenAI protocol, in a process of its own; the target is a prompt for a model, with
the real openai client and with tracing on, as `evalhub eval run` has it. Beside it, the
same requests sent by the bare openai client from as many threads: what the client leaves.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

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


def _runner_s(port: int, examples: int, concurrency: int) -> float:
    from evalhub.evals.runs.pace import Limits
    from evalhub.evals.runs.runner import run_experiment
    from evalhub.evals.targets.prompt import PromptTarget
    from evalhub.llm.endpoint import Endpoint
    from evalhub.llm.openai import OpenAIChat
    from evalhub.model import Dataset, Example

    chat = OpenAIChat(Endpoint(f"http://127.0.0.1:{port}/v1", "fake"))
    target = PromptTarget("fake", chat, _PROMPT)
    limits = Limits(concurrency=concurrency)

    def run(count: int) -> float:
        rows = tuple(Example(str(i), {"text": str(i)}) for i in range(count))
        start = time.perf_counter()
        experiment = run_experiment(target, Dataset("d", rows), [], suite="bench", limits=limits)
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


def main() -> None:
    """Print the share of the ideal throughput that is kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=1_600)
    parser.add_argument("--concurrency", type=int, default=32)
    given = parser.parse_args()
    os.environ["EVALHUB_HOME"] = tempfile.mkdtemp()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    server.start()
    port = here.recv()
    ideal = given.examples / given.concurrency * _LATENCY_S
    for name, measure in (("evalhub's runner", _runner_s), ("bare openai client", _client_s)):
        spent = measure(port, given.examples, given.concurrency)
        print(f"{name:<20}{spent:>7.2f} s, ideal {ideal:.2f} s: {ideal / spent:.0%}")
    server.terminate()


if __name__ == "__main__":
    main()
