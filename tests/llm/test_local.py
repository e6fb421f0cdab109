"""The embedded model, real, in its own process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openai import OpenAI

from evalhub.errors import ModelError
from evalhub.llm.local import LocalServer

QUESTION = "Name one colour of the rainbow."


@pytest.mark.model
def test_answers_chat_with_usage(local_llm: str) -> None:
    """A real openai client gets text and token counts."""
    with OpenAI(base_url=local_llm, api_key="none") as client:
        answer = client.chat.completions.create(
            model="smollm2",
            messages=[{"role": "user", "content": QUESTION}],
            max_tokens=16,
            temperature=0,
        )
    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert 0 < answer.usage.completion_tokens <= 16


@pytest.mark.model
def test_streams(local_llm: str) -> None:
    """Text arrives in pieces."""
    with OpenAI(base_url=local_llm, api_key="none") as client:
        stream = client.chat.completions.create(
            model="smollm2",
            messages=[{"role": "user", "content": QUESTION}],
            max_tokens=16,
            stream=True,
        )
        pieces = [chunk.choices[0].delta.content for chunk in stream if chunk.choices]
    assert len([piece for piece in pieces if piece]) > 1


@pytest.mark.model
def test_file_that_is_no_model_shows_the_logs_last_line(tmp_path: Path) -> None:
    """A failed start says what the native code said last, and in which file."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"not a model")
    server = LocalServer(str(broken))
    with pytest.raises(ModelError, match=r"did not start: .+ \(log: .*llm-broken\.log\)"):
        server.start()


@pytest.mark.model
def test_address_is_known_only_while_it_runs() -> None:
    """The address is an error before and after, instead of one that nobody answers at."""
    server = LocalServer(context=512, parallel=1)
    with server:
        assert server.base_url.startswith("http://127.0.0.1:")
    with pytest.raises(ModelError, match="not running"):
        _ = server.base_url


def test_model_that_was_not_pulled_is_named() -> None:
    """Without the file there is no server, and the message is the command to run."""
    with pytest.raises(ModelError, match="evalhub models pull smollm2"):
        LocalServer()


@pytest.mark.model
def test_killed_parent_leaves_no_orphan() -> None:
    """The serving process ends when its parent is killed, which no handler can see."""
    program = (
        "import time\n"
        "from evalhub.llm.local import LocalServer\n"
        "server = LocalServer(context=512, parallel=1).start()\n"
        "print(server._process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _is_alive(child)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while _is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(child)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"  # ended, and not yet collected by whoever adopted it
