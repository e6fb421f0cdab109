"""Answers kept on disk: what is kept, for whom, and when the file is of no use."""

import logging
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalhub.errors import ModelError
from evalhub.llm.client import Completion
from evalhub.llm.endpoint import Endpoint
from evalhub.llm.local import LocalServer, lasting_address
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics import load
from evalhub.metrics.judge.answer_cache import CachedSource
from evalhub.metrics.judge.asking import ModelSource, Question
from evalhub.metrics.judge.settings import open_asker
from evalhub.metrics.judge.spending import JudgeColumn

Serve = Callable[..., OpenAIChat]

ASKED = Question([{"role": "user", "content": "hi"}])
UNLIKE = [
    replace(ASKED, messages=[{"role": "user", "content": "ho"}]),
    replace(ASKED, json_schema={"type": "object"}),
    replace(ASKED, max_tokens=9),
    replace(ASKED, temperature=1.0),
    replace(ASKED, seed=1),
    replace(ASKED, top_logprobs=5),
    replace(ASKED, repeat=1),
]


@dataclass
class FakeSource:
    """A fake source without a wire: numbers its answers."""

    model: str = "fake"
    asked: int = 0

    def complete(self, question: Question) -> Completion:
        """Answer with the number of the question."""
        self.asked += 1
        return Completion(f"answer {self.asked}", self.model, "stop", None)


def test_same_question_is_asked_once(serve: Serve, requests: list[Any], tmp_path: Path) -> None:
    """Also by a judge of another day, over the real wire; logprobs and all come back."""
    reply = {"content": "4", "logprobs": [("4", {"4": -0.1})]}
    first, second = (
        CachedSource(ModelSource(serve(reply)), tmp_path / "a.db").complete(ASKED) for _ in "ab"
    )
    assert len(requests) == 1
    assert second == replace(first, cached=True)


@pytest.mark.parametrize("other", UNLIKE)
def test_whatever_changes_an_answer_is_in_the_key(other: Question, tmp_path: Path) -> None:
    """Messages, schema, length, temperature, seed, logprobs and the number of the repeat."""
    source = CachedSource(FakeSource(), tmp_path / "a.db")
    assert [source.complete(item).text for item in (ASKED, other, ASKED)] == [
        "answer 1",
        "answer 2",
        "answer 1",
    ]


def test_model_and_address_are_in_the_key(tmp_path: Path) -> None:
    """A model of the same name elsewhere may be another one."""
    sources = [
        CachedSource(FakeSource("m", 10), tmp_path / "a.db", "http://one"),
        CachedSource(FakeSource("m", 20), tmp_path / "a.db", "http://two"),
        CachedSource(FakeSource("n", 30), tmp_path / "a.db", "http://one"),
    ]
    said = [source.complete(ASKED).text for source in sources]
    assert said == ["answer 11", "answer 21", "answer 31"]


def test_key_of_the_recording_is_not_in_the_key(tmp_path: Path) -> None:
    """The same question about another example has the same answer."""
    source = CachedSource(FakeSource(), tmp_path / "a.db")
    said = {source.complete(replace(ASKED, key=key)).text for key in ("1", "2", None)}
    assert said == {"answer 1"}


@pytest.mark.parametrize(
    "reply", [500, "", {"content": "half", "finish_reason": "length"}, {"refusal": "no"}]
)
def test_only_complete_answers_are_kept(
    serve: Serve, requests: list[Any], tmp_path: Path, reply: Any
) -> None:
    """A failure, silence, a cut answer and a refusal are asked for again."""
    source = CachedSource(ModelSource(serve(reply)), tmp_path / "a.db")
    for _ in range(2):
        with suppress(ModelError):
            assert not source.complete(ASKED).cached
    assert len(requests) == 2


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 99, b"SQLite format 3\0" + b"x" * 5000]
)
def test_damaged_file_is_thrown_away_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """A new one is begun, and keeps answers again."""
    path = tmp_path / "a.db"
    path.write_bytes(content)
    source = CachedSource(FakeSource(), path)
    with caplog.at_level(logging.WARNING, "evalhub"):
        said = [source.complete(ASKED).text for _ in range(3)]
    assert said == ["answer 1"] * 3
    assert len(caplog.records) == 1
    assert "is damaged" in caplog.text


def test_damaged_row_is_asked_for_again(tmp_path: Path) -> None:
    """And replaced: the next time it can be read."""
    path = tmp_path / "a.db"
    source = CachedSource(FakeSource(), path)
    source.complete(ASKED)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update answer set completion = '{'")
        connection.commit()
    assert [source.complete(ASKED).text for _ in range(2)] == ["answer 2", "answer 2"]


def test_unusable_place_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where no folder can be made everything is asked, and the warning comes once."""
    (tmp_path / "file").write_text("")
    source = CachedSource(FakeSource(), tmp_path / "file" / "a.db")
    with caplog.at_level(logging.WARNING, "evalhub"):
        assert [source.complete(ASKED).text for _ in range(2)] == ["answer 1", "answer 2"]
    assert [record.message[:20] for record in caplog.records] == ["answers are not kept"]


@contextmanager
def _no_file_beyond(size: int) -> Iterator[None]:
    """Let the system refuse that any file of this process grows beyond *size* bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_full_disk_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Answers that cannot be written are still answers."""
    source = CachedSource(FakeSource(), tmp_path / "a.db")
    source.complete(ASKED)
    questions = [replace(ASKED, seed=seed) for seed in range(1, 200)]
    with caplog.at_level(logging.WARNING, "evalhub"), _no_file_beyond(32_768):
        said = [source.complete(question).text for question in questions]
    assert said[-1] == f"answer {source.source.asked}"  # type: ignore[attr-defined]  # the fake
    assert [record.message[:20] for record in caplog.records] == ["answers are not kept"]


_WRITER = """
import sys
from dataclasses import dataclass
from evalhub.llm.client import Completion
from evalhub.metrics.judge.answer_cache import CachedSource
from evalhub.metrics.judge.asking import Question

@dataclass
class FakeSource:
    model: str = "fake"

    def complete(self, question):
        return Completion(f"answer {question.seed}", self.model, "stop", None)

source = CachedSource(FakeSource(), sys.argv[1])
for seed in range(int(sys.argv[2]), int(sys.argv[2]) + 50):
    source.complete(Question([{"role": "user", "content": "hi"}], seed=seed))
"""


def test_processes_share_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Three that write at once lose nothing and break nothing."""
    path = tmp_path / "a.db"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), str(first)])
        for first in (0, 50, 100)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    source = CachedSource(FakeSource(), path)
    kept = [source.complete(replace(ASKED, seed=seed)) for seed in range(150)]
    assert [answer.text for answer in kept] == [f"answer {seed}" for seed in range(150)]
    assert source.source.asked == 0  # type: ignore[attr-defined]  # the fake
    assert not caplog.records


def test_judge_with_a_cache_asks_nothing_twice(
    serve: Serve, requests: list[Any], evalhub_home: Path
) -> None:
    """`cache: true` keeps the answers in evalhub's home, and the column counts them."""
    for calls, cached in ((2, 0), (0, 2)):
        judge = load("rubric", client=serve("Score: 4"), criteria="fluent", cache=True)
        column = judge.score_batch(["x", "y"], [{"q": "?"}] * 2)["fluent"]
        np.testing.assert_array_equal(column.values, [4, 4])
        assert isinstance(column, JudgeColumn)
        assert (column.spent.calls, column.spent.cached) == (calls, cached)
        assert column.spent.usage.total_tokens == (14 if calls else None)
    assert len(requests) == 2
    assert (evalhub_home / "cache" / "answers.db").exists()


_FORKING = """
import os, signal, sys, threading
from evalhub.llm.client import Completion
from evalhub.metrics.judge.answer_cache import CachedSource
from evalhub.metrics.judge.asking import Question

class Source:
    model = "fake"
    def complete(self, question):
        return Completion("4", "fake", "stop", None)

source, ended = CachedSource(Source(), sys.argv[1]), threading.Event()

def ask():
    number = 0
    while not ended.is_set():
        number += 1
        source.complete(Question([{"role": "user", "content": str(number)}]))

threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(20):
    child = os.fork()
    if not child:
        signal.alarm(20)  # a child that waits for ever is killed by it
        source.complete(Question([{"role": "user", "content": "child"}]))
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print("hangs")
        break
ended.set()
for thread in threads:
    thread.join()
"""


def test_forked_process_does_not_wait_for_the_parents_threads(tmp_path: Path) -> None:
    """Nobody in the child would release a lock that another thread held when it forked."""
    command = [sys.executable, "-W", "ignore", "-c", _FORKING, str(tmp_path / "a.db")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr, found.returncode) == ("", "", 0)


def test_file_that_another_process_began_anew_is_not_thrown_away(tmp_path: Path) -> None:
    """Who finds the old file damaged goes on with the new one."""
    path = tmp_path / "a.db"
    source = CachedSource(FakeSource(), path)
    source.complete(ASKED)
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    CachedSource(FakeSource(), path).complete(replace(ASKED, seed=9))
    source._file._drop()
    assert source.complete(replace(ASKED, seed=9)).cached


@pytest.mark.model
def test_embedded_model_is_known_by_its_weights() -> None:
    """Its port is another one each time; what it answered before is still found."""
    addresses, sources = [], []
    for _ in range(2):
        with LocalServer() as server, OpenAIChat(Endpoint(server.base_url, server.model)) as client:
            addresses.append(server.base_url)
            sources.append(open_asker(client, cache=True).source)
    first, second = sources
    assert addresses[0] != addresses[1]
    assert isinstance(first, CachedSource)
    assert isinstance(second, CachedSource)
    assert first.address == second.address
    assert first.address.startswith("embedded:b179c952")
    assert lasting_address(addresses[0]) == addresses[0]  # whoever listens there now is another
