"""The oracle: one program under the installed langsmith SDK and under ours, compared."""

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import langsmith
import langsmith.run_trees
import pytest
from langsmith._internal._serde import dumps_json

from evalhub import tracing
from evalhub.tracing.testing import recording

Row = dict[str, Any]
Program = Callable[[Any], Any]
Compare = Callable[..., None]

# What langsmith adds by itself. `ls_method` says which of its functions made the run, and
# `usage_metadata` is copied from the outputs: ours is in the span's token columns.
ADDED = {"ls_method", "usage_metadata"}


class CollectingClient(langsmith.Client):
    """A langsmith client that keeps what it would send (a fake: nothing leaves)."""

    def __init__(self) -> None:
        super().__init__(
            api_url="http://127.0.0.1:9", api_key="none", auto_batch_tracing=False, info={}
        )
        self.collected: dict[str, dict[str, Any]] = {}

    def create_run(self, name: str, inputs: Any, run_type: str, **kwargs: Any) -> None:
        """Keep the start of a run."""
        run = {"name": name, "inputs": _plain(inputs), "run_type": run_type, **_plain(kwargs)}
        self.collected.setdefault(str(kwargs["id"]), {}).update(run)

    def update_run(self, run_id: Any, **kwargs: Any) -> None:
        """Keep the end of a run."""
        given = {key: value for key, value in _plain(kwargs).items() if value is not None}
        self.collected.setdefault(str(run_id), {}).update(given)


def _plain(value: Any) -> Any:
    return json.loads(dumps_json(value))


def ours(program: Program) -> tuple[Any, list[Row]]:
    """Run *program* under evalhub and return its result and what was recorded."""
    with recording("default") as recorder:
        result = program(tracing)
    names = {span.span_id: span.name for span in recorder.spans}
    rows = []
    for span in recorder.spans:
        attributes = json.loads(span.attributes or b"{}")
        rows.append(
            {
                "name": span.name,
                "kind": span.kind,
                "parent": names.get(span.parent_id or "", span.parent_id and "elsewhere"),
                "inputs": json.loads(span.inputs or b"{}"),
                "outputs": json.loads(span.outputs or b"{}"),
                "error": span.error and span.error.split("\n\n")[0],
                "tags": list(span.tags),
                "metadata": {
                    key: value
                    for key, value in attributes.items()
                    if key not in {"extra", "reference_example_id", *ADDED}
                },
                "example": attributes.get("reference_example_id"),
                "project": span.project,
                "events": [event.name for event in span.events],
            }
        )
    return result, sorted(rows, key=repr)


def theirs(program: Program) -> tuple[Any, list[Row]]:
    """Run *program* under langsmith and return its result and what was recorded."""
    client = CollectingClient()
    sdk = SimpleNamespace(
        **{name: getattr(langsmith, name) for name in ("RunTree", "trace", "traceable")},
        **{
            name: getattr(langsmith.run_helpers, name)
            for name in (
                "as_runnable",
                "ensure_traceable",
                "get_current_run_tree",
                "get_tracing_context",
                "is_traceable_function",
                "tracing_context",
            )
        },
        ContextThreadPoolExecutor=langsmith.ContextThreadPoolExecutor,
    )
    langsmith.configure(client=client, enabled=True)
    try:
        result = program(sdk)
    finally:
        langsmith.configure(client=None, enabled=None)
    names = {run_id: run["name"] for run_id, run in client.collected.items()}
    rows = []
    for run in client.collected.values():
        above = run.get("parent_run_id")
        rows.append(
            {
                "name": run["name"],
                "kind": run["run_type"],
                "parent": names.get(str(above), above and "elsewhere"),
                "inputs": run["inputs"],
                # langsmith records {"output": None} for a call that raised; we record nothing.
                "outputs": {}
                if run.get("outputs") in (None, {"output": None}) and run.get("error")
                else run.get("outputs") or {},
                "error": run.get("error") and run["error"].split("\n\n")[0],
                "tags": run.get("tags") or [],
                "metadata": {
                    key: value
                    for key, value in (run.get("extra") or {}).get("metadata", {}).items()
                    if key not in ADDED
                },
                "example": run.get("reference_example_id"),
                "project": run.get("session_name"),
                "events": [event["name"] for event in run.get("events") or ()],
            }
        )
    return result, sorted(rows, key=repr)


@pytest.fixture(autouse=True)
def _quiet_langsmith() -> Iterator[None]:
    """Leave langsmith's context as it was found."""
    yield
    langsmith.run_helpers._set_tracing_context(None)


@pytest.fixture
def langsmith_client() -> langsmith.Client:
    """Return a langsmith client that sends nothing."""
    return CollectingClient()


@pytest.fixture
def compare() -> Compare:
    """Return a function that runs a program under both SDKs and compares all they recorded."""

    def same(program: Program, expect: Callable[[list[Row]], list[Row]] | None = None) -> None:
        result, rows = ours(program)
        their_result, their_rows = theirs(program)
        if expect is not None:
            their_rows = sorted(expect(their_rows), key=repr)
        assert rows == their_rows
        assert result == their_result
        assert rows or program.__name__.startswith("off_")

    return same
