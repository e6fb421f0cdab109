"""A store with traces, a receiver of alerts, a clock that is set by hand."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalhub.evals.online.config import load_online
from evalhub.evals.online.scoring import Scorer
from evalhub.evals.online.watch import Watch
from evalhub.metrics.base import ScoreColumn, ScoreTable
from evalhub.model import Span
from evalhub.store import Store, open_store
from evalhub.store.spans import add_spans

NOON_NS = 1_790_000_000 // 86_400 * 86_400 * 10**9 + 12 * 3600 * 10**9
"""Noon of a day, UTC."""


@dataclass
class Receiver:
    """What a webhook got, and how it answers."""

    url: str
    statuses: list[int] = field(default_factory=list)
    """Answers to the next requests; 200 when there is none left."""
    got: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Clock:
    """Time that stands still until it is moved."""

    now_ns: int

    def __call__(self) -> int:
        """Return it."""
        return self.now_ns


@dataclass
class Counting:
    """A metric that counts what it is asked, and breaks when told to."""

    name: str = "length"
    requires: tuple[str, ...] = ("outputs", "ids")
    signature: str = "length|v:1"
    factor: float = 1.0
    is_broken: bool = False
    breaks_on: frozenset[str] = frozenset()
    asked: Counter[str] = field(default_factory=Counter)
    entered: threading.Event = field(default_factory=threading.Event)
    may_go: threading.Event | None = None

    def score_batch(self, outputs: Sequence[str | None], ids: Sequence[str]) -> ScoreTable:
        """Return the outputs' lengths in hundreds."""
        self.asked.update(ids)
        self.entered.set()
        if self.may_go is not None:
            assert self.may_go.wait(10)
        if self.is_broken or not self.breaks_on.isdisjoint(ids):
            raise RuntimeError("the judge is down")
        values = np.array([len(output or "") / 100 * self.factor for output in outputs])
        return {self.name: ScoreColumn(self.name, values, self.signature)}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Serve a webhook on the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.got.append(json.loads(body))
            received.headers.append({name.lower(): text for name, text in self.headers.items()})
            self.send_response(received.statuses.pop(0) if received.statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield received
        server.shutdown()


@pytest.fixture
def store() -> Iterator[Store]:
    """Open the store that the settings name."""
    with open_store() as opened:
        yield opened


@pytest.fixture
def add_trace(store: Store) -> Callable[..., str]:
    """Return a function that stores a trace of one root span; with *child* of a step alone."""

    def add(
        number: int,
        text: str | None = "a good answer",
        *,
        end_ns: int = NOON_NS - 300 * 10**9,
        child: bool = False,
        **changes: Any,
    ) -> str:
        trace_id = f"{number:032x}"
        fields: dict[str, Any] = {
            "trace_id": trace_id,
            "span_id": f"{number:016x}{'c' if child else 'a'}",
            "parent_id": f"{number:016x}a" if child else None,
            "project": "support",
            "name": "step" if child else "answer",
            "kind": "chain",
            "status": "ok",
            "start_ns": end_ns - 10**9,
            "end_ns": end_ns,
            "inputs": json.dumps({"question": f"question {number}"}).encode(),
            "outputs": None if text is None else json.dumps({"answer": text}).encode(),
        }
        with store.begin() as connection:
            add_spans(connection, [Span(**{**fields, **changes})])
        return trace_id

    return add


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an online file; keywords are laid over its keys."""

    def write(**changes: Any) -> Path:
        whole = {
            "name": "support",
            "metrics": [{"metric": "regex", "pattern": "good", "full": False}],
            **changes,
        }
        path = tmp_path / "online.yaml"
        path.write_text(
            json.dumps({key: value for key, value in whole.items() if value is not None})
        )
        return path

    return write


@pytest.fixture
def clock() -> Clock:
    """Return a clock at noon."""
    return Clock(NOON_NS)


@pytest.fixture
def make_metric() -> type[Counting]:
    """Return what makes a metric that counts what it is asked."""
    return Counting


@pytest.fixture
def make_watch(
    store: Store, write_config: Callable[..., Path], clock: Clock
) -> Callable[..., Watch]:
    """Return a function that makes a watch with a metric of the test's own."""

    def make(metric: Counting | None = None, **changes: object) -> Watch:
        spec = load_online(write_config(**changes)).spec
        scorer = Scorer([(metric or Counting(), "metric")], spec.paths)
        return Watch(spec, scorer, store, clock_ns=clock)

    return make
