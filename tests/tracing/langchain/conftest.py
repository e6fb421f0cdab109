"""LangChain's own tracer as the oracle of ours."""

import json
from collections.abc import Callable
from typing import Any

import langsmith
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig
from langchain_core.tracers.langchain import LangChainTracer

from evalhub.tracing.integrations.langchain import EvalhubCallbackHandler
from evalhub.tracing.testing import recording

Program = Callable[[RunnableConfig], Any]
_ROLES = {
    "human": "user",
    "user": "user",
    "ai": "assistant",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
}
Row = tuple[str, str, str | None, bool, Any, Any, tuple[str, ...], Any]
"""Name, kind, parent's name, whether it failed, inputs, outputs, tags, metadata."""


@pytest.fixture(autouse=True)
def _no_remembered_variables() -> None:
    """Let langsmith read its variables anew: it remembers those of other tests."""
    getattr(langsmith.utils.get_env_var, "cache_clear")()  # noqa: B009 - its overloads hide it


class CollectingClient(langsmith.Client):
    """A langsmith client that keeps what it would send (a fake: nothing leaves)."""

    def __init__(self) -> None:
        super().__init__(
            api_url="http://127.0.0.1:9", api_key="none", auto_batch_tracing=False, info={}
        )
        self.collected: dict[str, dict[str, Any]] = {}

    def create_run(self, name: str, inputs: Any, run_type: str, **kwargs: Any) -> None:
        """Keep the start of a run."""
        run = {"name": name, "inputs": inputs, "run_type": run_type, **kwargs}
        self.collected.setdefault(str(kwargs["id"]), {}).update(run)

    def update_run(self, run_id: Any, **kwargs: Any) -> None:
        """Keep the end of a run."""
        given = {key: value for key, value in kwargs.items() if value is not None}
        self.collected.setdefault(str(run_id), {}).update(given)


def _plain(value: Any) -> Any:
    """Return *value* with messages in one shape, and without what a call makes up (ids)."""
    return _normal(json.loads(json.dumps(value, default=_as_langsmith_does)))


def _normal(value: Any) -> Any:
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("lc") == 1:
        return _normal({"type": value["id"][-1].removesuffix("Message").lower(), **value["kwargs"]})
    said = str(value.get("role") or value.get("type")).removesuffix("MessageChunk").lower()
    if "content" in value and said in _ROLES:
        called = [(call["name"], call["args"]) for call in value.get("tool_calls") or ()]
        return {"role": _ROLES[said], "content": value["content"], "tool_calls": called}
    if "generations" in value:
        kept = ("text", "message")
        answers = [{key: one[key] for key in kept if key in one} for one in value["generations"][0]]
        return {"generations": _normal(answers)}
    messages = value.get("messages")
    if messages and isinstance(messages[0], list):  # theirs: a list of the only conversation
        value = {**value, "messages": messages[0]}
    return {key: _normal(item) for key, item in value.items() if item != "ChatPromptValue"}


def _as_langsmith_does(value: Any) -> Any:
    return value.model_dump(exclude_none=True, mode="json")


def _metadata(found: Any) -> Any:
    kept = ("k", "user", "langgraph_node", "langgraph_step", "ls_provider", "ls_model_type")
    return {key: found[key] for key in kept if key in found}


def _ours(program: Program) -> tuple[Any, list[Row]]:
    """Run *program* with our handler and return its result and what was recorded."""
    with recording() as recorder:
        result = program({"callbacks": [EvalhubCallbackHandler()]})
    names = {span.span_id: span.name for span in recorder.spans}
    rows: list[Row] = [
        (
            span.name,
            span.kind,
            names.get(span.parent_id or ""),
            span.error is not None,
            _plain(json.loads(span.inputs or b"null")),
            _plain(json.loads(span.outputs or b"null")),
            tuple(sorted(span.tags)),
            _metadata(json.loads(span.attributes or b"{}")),
        )
        for span in recorder.spans
    ]
    return result, sorted(rows, key=repr)


def _theirs(program: Program) -> tuple[Any, list[Row]]:
    """Run *program* with LangChain's tracer and return its result and what was recorded."""
    client = CollectingClient()
    tracer: BaseCallbackHandler = LangChainTracer(client=client)
    result = program({"callbacks": [tracer]})
    names = {run_id: run["name"] for run_id, run in client.collected.items()}
    rows: list[Row] = [
        (
            run["name"],
            run["run_type"],
            names.get(str(run.get("parent_run_id"))),
            bool(run.get("error")),
            _plain(run["inputs"]),
            _plain(None if run.get("error") else run["outputs"]),
            tuple(sorted(set(run.get("tags") or ()))),
            _metadata(run["extra"].get("metadata") or {}),
        )
        for run in client.collected.values()
    ]
    return result, sorted(rows, key=repr)


@pytest.fixture
def compare() -> Callable[[Program], None]:
    """Return a function that runs a program under both tracers and compares.

    Compared are the program's result and of each run its name, kind, parent, inputs, outputs,
    tags, metadata and whether it failed. Different on purpose: messages are
    ``{"role", "content"}`` here and LangChain's constructor calls there, which ``_normal``
    makes one.
    """

    def check(program: Program) -> None:
        assert _ours(program) == _theirs(program)

    return check
