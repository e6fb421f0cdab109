"""The callback handler that LangChain tells of its runs."""

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from uuid import UUID

from evalhub._optional import require
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import AMBIENT
from evalhub.tracing.integrations.langchain_payload import readable, request
from evalhub.tracing.integrations.langchain_record import (
    as_dict,
    has_content,
    record_answer,
    record_error,
    run_name,
)
from evalhub.tracing.integrations.runs import FrameworkRuns, harmless, inner

if TYPE_CHECKING:
    from langchain_core.outputs import LLMResult
    from langchain_core.runnables.config import var_child_runnable_config
    from langchain_core.tracers.base import BaseTracer
else:
    BaseTracer = require("langchain_core.tracers.base", extra="langchain").BaseTracer
    var_child_runnable_config = require(
        "langchain_core.runnables.config", extra="langchain"
    ).var_child_runnable_config

__all__ = ["EvalhubCallbackHandler"]

_SEARCH: ContextVar[UUID | None] = ContextVar("evalhub_langchain_search", default=None)
"""The retriever's run begun last here: LangChain itself does not say that one is open.

It is never reset, as LangChain ends async runs in another context: a run that has ended
does not count. A model's run cannot be had like this: between two pieces of its stream, the
reader is in the same context.
"""

RUNS = FrameworkRuns()
"""One for the process: two handlers that are told of a run record it once."""


class EvalhubCallbackHandler(BaseTracer):
    """Records LangChain's runs: chains, models, tools, retrievers, graphs and their nodes.

    It may be shared between threads, event loops and calls.

    Args:
        project: Project of the spans (default: that of the span around them, or the setting).
        metadata: Recorded with every span.
        tags: Recorded with every span.
    """

    # A BaseTracer, though nothing of it is used: LangGraph gives the payload that a node's
    # TracePolicy reduced or redacted to tracers only, and the real one to other handlers.
    run_inline = True  # on an event loop: in the caller's task, and in order

    def __init__(
        self,
        *,
        project: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self._project = project
        self._metadata = dict(metadata or {})
        self._tags = tuple(tags)
        if _look not in AMBIENT:
            AMBIENT.append(_look)

    @harmless
    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, **about: Any) -> None:
        """Open the span of a chain, a prompt, a parser, a graph or a node."""
        kind = str(about.get("run_type") or "chain")
        span = self._start(run_id, kind, serialized, about)
        if span is not None:
            span.set_inputs(as_dict(inputs, "input"))

    @harmless
    def on_chain_end(self, outputs: Any, *, run_id: UUID, inputs: Any = None, **about: Any) -> None:
        """Close it with *outputs*; *inputs* are given when they came as a stream."""

        def record(span: ActiveSpan) -> None:
            if inputs is not None:
                span.set_inputs(as_dict(inputs, "input"))
            span.set_outputs(as_dict(outputs, "output"))

        RUNS.end(run_id, record)

    @harmless
    def on_chain_error(
        self, error: BaseException, *, inputs: Any = None, run_id: UUID, **about: Any
    ) -> None:
        """Close it with *error*, or with what LangGraph says by raising it."""

        def record(span: ActiveSpan) -> None:
            if inputs is not None:
                span.set_inputs(as_dict(inputs, "input"))
            record_error(span, error)

        RUNS.end(run_id, record)

    @harmless
    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: UUID, **about: Any
    ) -> None:
        """Open the span of a chat model's call."""
        self._start_model(run_id, serialized, "messages", messages, about)

    @harmless
    def on_llm_start(self, serialized: Any, prompts: Any, *, run_id: UUID, **about: Any) -> None:
        """Open the span of a text model's call."""
        self._start_model(run_id, serialized, "prompts", prompts, about)

    @harmless
    def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: UUID, **about: Any
    ) -> None:
        """Record when the first token came."""
        span = RUNS.current(run_id)
        if span is None or (span._details is not None and span._details.first_token_ns):
            return
        if token or has_content(chunk):
            span.set(first_token_ns=span._tracer.clock())

    @harmless
    def on_llm_end(self, response: "LLMResult", *, run_id: UUID, **about: Any) -> None:
        """Close the span of a model's call with what it answered."""
        RUNS.end(run_id, lambda span: record_answer(span, response))

    @harmless
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:
        """Close the span of a model's call with *error* and what had come until then."""
        response = about.get("response")

        def record(span: ActiveSpan) -> None:
            record_error(span, error)
            if response is not None and response.generations:
                record_answer(span, response)

        RUNS.end(run_id, record)

    @harmless
    def on_tool_start(self, serialized: Any, input_str: str, *, run_id: UUID, **about: Any) -> None:
        """Open the span of a tool's call."""
        span = self._start(run_id, "tool", serialized, about)
        if span is None:
            return
        given = about.get("inputs")
        span.set_inputs(readable(given) if isinstance(given, dict) else {"input": input_str})
        if about.get("tool_call_id"):
            span.set(metadata={"tool_call_id": about["tool_call_id"]})

    @harmless
    def on_tool_end(self, output: Any, *, run_id: UUID, **about: Any) -> None:
        """Close the span of a tool's call."""
        RUNS.end(run_id, lambda span: span.set_outputs({"output": readable(output)}))

    @harmless
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:
        """Close the span of a tool's call with *error*."""
        RUNS.end(run_id, lambda span: record_error(span, error))

    @harmless
    def on_retriever_start(
        self, serialized: Any, query: str, *, run_id: UUID, **about: Any
    ) -> None:
        """Open the span of a search for documents."""
        span = self._start(run_id, "retriever", serialized, about)
        if span is not None:
            span.set_inputs({"query": query})
            _SEARCH.set(run_id)

    @harmless
    def on_retriever_end(self, documents: Sequence[Any], *, run_id: UUID, **about: Any) -> None:
        """Close it with the documents."""
        RUNS.end(run_id, lambda span: span.set_outputs({"documents": readable(list(documents))}))

    @harmless
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:
        """Close it with *error*."""
        RUNS.end(run_id, lambda span: record_error(span, error))

    @harmless
    def on_retry(self, retry_state: Any, *, run_id: UUID, **about: Any) -> None:
        """Record that a call is tried again, and why."""
        outcome = retry_state.outcome
        failed = outcome is not None and outcome.failed
        _event(
            run_id,
            "retry",
            {
                "attempt": retry_state.attempt_number,
                "slept_s": retry_state.idle_for,
                "error": repr(outcome.exception()) if failed else None,
            },
        )

    @harmless
    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **about: Any) -> None:
        """Record an event that the program dispatched."""
        _event(run_id, name, as_dict(data, "data"))

    @harmless
    def on_agent_action(self, action: Any, *, run_id: UUID, **about: Any) -> None:
        """Record what an agent decided to do."""
        _event(run_id, "agent_action", {"tool": action.tool, "tool_input": action.tool_input})

    @harmless
    def on_agent_finish(self, finish: Any, *, run_id: UUID, **about: Any) -> None:
        """Record what an agent returns."""
        _event(run_id, "agent_finish", as_dict(finish.return_values, "output"))

    def _persist_run(self, run: Any) -> None:
        """Do nothing: every callback of the base class is replaced."""

    def _start_model(
        self, run_id: UUID, serialized: Any, key: str, asked: Any, about: dict[str, Any]
    ) -> None:
        span = self._start(run_id, "llm", serialized, about)
        if span is None:
            return
        params = dict(about.get("invocation_params") or {})
        metadata = about.get("metadata") or {}
        model = metadata.get("ls_model_name") or params.get("model") or params.get("model_name")
        inputs = request(key, asked, params)
        span.set_inputs(inputs)
        span.set(
            model=model if isinstance(model, str) else None,
            provider=metadata.get("ls_provider"),
            metadata={
                "invocation_params": {
                    name: value
                    for name, value in params.items()
                    if value is not None and name not in inputs
                }
            },
        )

    def _start(
        self, run_id: UUID, kind: str, serialized: Any, about: dict[str, Any]
    ) -> ActiveSpan | None:
        """Open the span of a run with its tags and metadata; None when it is not recorded."""
        span = RUNS.start(
            run_id,
            about.get("name") or run_name(serialized, kind),
            kind,
            above=about.get("parent_run_id"),
            project=self._project,
            span_id=run_id.hex,
        )
        if span is None:
            return None
        metadata = {**self._metadata, **(about.get("metadata") or {})}
        # With LangSmith's keys in the metadata come session and user.
        tags = dict.fromkeys((*(about.get("tags") or ()), *self._tags))
        span.set(metadata=metadata, tags=tags)
        return span


def _look(here: ActiveSpan | None) -> ActiveSpan | None:
    """Return the run whose function runs here, if it is inside *here*, else *here*."""
    config, search = var_child_runnable_config.get(), _SEARCH.get()
    if config:
        run_id = getattr(config.get("callbacks"), "parent_run_id", None)
        here = here if run_id is None else inner(here, RUNS.find(run_id))
    return here if search is None else inner(here, RUNS.current(search))


def _event(run_id: UUID, name: str, attributes: Mapping[str, Any]) -> None:
    span = RUNS.current(run_id)
    if span is not None:
        span.add_event(name, attributes)
