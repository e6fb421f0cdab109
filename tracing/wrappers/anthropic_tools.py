"""Record ``beta.messages.tool_runner``: one span for the loop, one for each tool it runs.

The turns are recorded by the endpoint that the runner calls; here they get their parent. The
loop's span is current only while the runner works, not while its caller does.
"""

import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from evalhub.errors import ModelError
from evalhub.model import SpanKind
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT, records_here
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.wrappers.anthropic_answer import dump
from evalhub.tracing.wrappers.anthropic_request import Described, as_recorded, given
from evalhub.tracing.wrappers.method import fail

__all__ = ["ToolRuns"]

_NAME = "AnthropicToolRunner"


class ToolRuns:
    """Makes the tool runners of one client record themselves."""

    def __init__(self, described: Described) -> None:
        self._described = described

    def wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return *original*, whose runners are recorded; they stay what they are."""

        def tool_runner(*args: Any, **kwargs: Any) -> Any:
            runner = original(*args, **kwargs)
            tracer = ACTIVE.tracer or tracer_in_force()
            try:
                _follow(runner, _Run(self._described, kwargs))
            except Exception as error:  # noqa: BLE001 - our failure must not reach the program
                tracer.absorb(error)
            return runner

        return tool_runner


def _follow(runner: Any, run: "_Run") -> None:
    steps = runner._iterator
    # Generators, as the runner asks its iterator for a generator's state before it closes it.
    if inspect.isgenerator(steps):
        runner._iterator = _steps(steps, run)
    elif inspect.isasyncgen(steps):
        runner._iterator = _async_steps(steps, run)
    runner._tool_use_span = run.tool_spans(runner._tool_use_span)


class _Run:
    """One loop of a tool runner. No method raises an Exception."""

    def __init__(self, described: Described, arguments: Mapping[str, Any]) -> None:
        self._described = described
        self._arguments = arguments
        self._last: Any = None
        self.span: ActiveSpan | None = None

    def begin(self) -> None:
        """Open the span of the loop, where its first step is asked for."""
        tracer = ACTIVE.tracer or tracer_in_force()
        if not (tracer.enabled or records_here()):
            return
        try:
            span = self.span = tracer.begin(_NAME, SpanKind.AGENT.value, None)
            if span is not None and span.recording:
                span.set_inputs(as_recorded(given(self._arguments)))
                span.set(metadata=self._described.metadata, tags=self._described.tags)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)

    def saw(self, item: Any) -> None:
        """Keep *item*, a message or its stream: the last one is what the loop comes to."""
        self._last = item

    def finish(self, *, complete: bool) -> None:
        """Close the span with the last message."""
        span, self.span = self.span, None
        if span is None:
            return
        tracer = span._tracer
        end_ns = tracer.clock()
        try:
            if not complete:
                span.set(metadata={"loop_complete": False})
            message = getattr(self._last, "_current_snapshot_or_none", lambda: self._last)()
            span.set_outputs(dump(message))
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
        tracer.end(span, end_ns)

    def fail(self, error: BaseException) -> None:
        """Close the span with the *error* that ends the loop."""
        span, self.span = self.span, None
        if span is not None:
            fail(span, error)

    def tool_spans(
        self, original: Callable[..., AbstractContextManager[Any]]
    ) -> Callable[..., AbstractContextManager[Any]]:
        """Return *original*, the runner's block around each run of a tool, recorded."""

        @contextmanager
        def tool_use_span(client: Any, tool: Any, tool_use: Any) -> Iterator[Any]:
            span = self._begin_tool(tool_use)
            if span is None:
                with original(client, tool, tool_use) as made:
                    yield made
                return
            span._token = CURRENT.set(span)
            try:
                with original(client, tool, tool_use) as made:
                    yield made
            except BaseException as error:
                fail(span, error)
                raise
            _finish_tool(span, made)

        return tool_use_span

    def _begin_tool(self, tool_use: Any) -> ActiveSpan | None:
        if self.span is None:
            return None
        tracer = self.span._tracer
        try:
            # The parent by name: a tool may run early, while the caller reads a reply.
            kind = SpanKind.TOOL.value
            span = tracer.begin(tool_use.name, kind, None, parent=self.span)
            if span is not None:
                span.set_inputs(tool_use.input)
                span.set(metadata={"tool_call_id": tool_use.id})
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
            return None
        return span


def _finish_tool(span: ActiveSpan, made: Any) -> None:
    tracer = span._tracer
    end_ns = tracer.clock()
    try:
        result = getattr(made, "result", None) or {}
        span.set_outputs({"output": result.get("content")})
        if result.get("is_error"):
            # The runner turned the tool's exception into this text for the model.
            span.set_error(ModelError(f"the tool answered with an error: {result.get('content')}"))
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer.absorb(error)
    tracer.end(span, end_ns)


def _steps(inner: Generator[Any, Any, Any], run: _Run) -> Generator[Any, None, None]:
    run.begin()
    try:
        while True:
            token = CURRENT.set(run.span or CURRENT.get())
            try:
                item = next(inner)
            except StopIteration:
                break
            finally:
                CURRENT.reset(token)
            run.saw(item)
            yield item
        run.finish(complete=True)
    except GeneratorExit:
        raise
    except BaseException as error:
        run.fail(error)
        raise
    finally:
        inner.close()
        run.finish(complete=False)


async def _async_steps(inner: AsyncGenerator[Any, Any], run: _Run) -> AsyncGenerator[Any, None]:
    run.begin()
    try:
        while True:
            token = CURRENT.set(run.span or CURRENT.get())
            try:
                item = await inner.__anext__()
            except StopAsyncIteration:
                break
            finally:
                CURRENT.reset(token)
            run.saw(item)
            yield item
        run.finish(complete=True)
    except GeneratorExit:
        raise
    except BaseException as error:
        run.fail(error)
        raise
    finally:
        await inner.aclose()
        run.finish(complete=False)
