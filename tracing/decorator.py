"""``traceable``: record every call of a function as a span.

Which of the kinds of function it is (plain, coroutine, generator, async
generator, or one that returns a stream) is decided once, at decoration.
"""

import functools
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar, overload

from evalhub.model import SpanKind
from evalhub.tracing.call import CallOptions, TracedCall, exception_types
from evalhub.tracing.ending import handle_sigterm
from evalhub.tracing.extra import Extra
from evalhub.tracing.generators import wrap_async_generator, wrap_generator
from evalhub.tracing.proxies import wrap_async_stream, wrap_stream

__all__ = ["ensure_traceable", "is_traceable_function", "traceable"]

P = ParamSpec("P")
R = TypeVar("R")
Wrap = Callable[[TracedCall, Any], Callable[..., Any]]

_KINDS = frozenset(kind.value for kind in SpanKind)


@overload
def traceable(run_type: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def traceable(
    run_type: str = "chain",
    *,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Iterable[str] | None = None,
    client: Any = None,
    reduce_fn: Callable[[list[Any]], Any] | None = None,
    project_name: str | None = None,
    process_inputs: Callable[[dict[str, Any]], Any] | None = None,
    process_outputs: Callable[[Any], Any] | None = None,
    process_chunk: Callable[[Any], Any] | None = None,
    enabled: bool | None = None,
    exceptions_to_handle: tuple[type[BaseException], ...] | None = None,
    dangerously_allow_filesystem: bool = False,
    _invocation_params_fn: Callable[[dict[str, Any]], Any] | None = None,
    **unknown: Any,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def traceable(
    run_type: str | Callable[..., Any] = "chain",
    *surplus: Any,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Iterable[str] | None = None,
    client: Any = None,
    reduce_fn: Callable[[list[Any]], Any] | None = None,
    project_name: str | None = None,
    process_inputs: Callable[[dict[str, Any]], Any] | None = None,
    process_outputs: Callable[[Any], Any] | None = None,
    process_chunk: Callable[[Any], Any] | None = None,
    enabled: bool | None = None,
    exceptions_to_handle: tuple[type[BaseException], ...] | None = None,
    dangerously_allow_filesystem: bool = False,
    _invocation_params_fn: Callable[[dict[str, Any]], Any] | None = None,
    **unknown: Any,
) -> Any:
    """Record every call of the function as a span; call-compatible with LangSmith's.

    Use it as ``@traceable``, ``@traceable("tool")`` or ``@traceable(run_type="tool")``. What the
    caller gets, results and exceptions alike, is never changed, but for one thing: with
    ``reduce_fn``, a stream that the function returns comes in a proxy. A call may be given
    ``langsmith_extra``, which the function does not see: a dict of ``name``, ``metadata``,
    ``tags``, ``project_name``, ``run_id``, ``parent``, ``reference_example_id``, ``run_extra``
    and ``on_end``.

    Args:
        run_type: Kind of the span, see :class:`~evalhub.model.SpanKind`.
        surplus: Ignored, with a warning.
        name: Name of the span (default: the function's).
        metadata: Recorded with every span, and with those below it.
        tags: The same.
        client: Accepted for LangSmith's sake: spans go where ``configure`` says.
        reduce_fn: Turns the list of a stream's items into what is recorded.
        project_name: Project of the traces that begin here; a child is in its parent's.
        process_inputs: Gets the inputs by name and returns what is recorded of them. If it
            raises, a note is recorded and never the inputs.
        process_outputs: The same for what the function returned.
        process_chunk: The same for each item of a stream.
        enabled: True records even when tracing is off, False never records.
        exceptions_to_handle: Exceptions that are no errors; they are raised all the same.
        dangerously_allow_filesystem: Whether attachments given as paths are read.
        _invocation_params_fn: Gets the inputs and returns metadata.
        unknown: Ignored, with a warning; ``extra`` is recorded.
    """
    function = None if isinstance(run_type, str) else run_type
    kind = "chain" if function is not None or not run_type else str(run_type)
    extra = unknown.pop("extra", None)
    unknown.pop("address", None)
    _warn_of(kind, surplus, extra, unknown)
    options = CallOptions(
        kind=kind,
        name=name,
        metadata=metadata,
        tags=tags,
        project=project_name,
        process_inputs=process_inputs,
        process_outputs=process_outputs,
        process_chunk=process_chunk,
        reduce=reduce_fn,
        enabled=enabled,
        handled=exception_types(exceptions_to_handle),
        invocation_params=_invocation_params_fn,
        allows_paths=dangerously_allow_filesystem,
        extra=extra,
    )
    if function is None:
        return functools.partial(_decorate, options)
    return _decorate(options, function)


def is_traceable_function(function: object) -> bool:
    """Say whether *function* is decorated by ``traceable``, LangSmith's too."""
    candidates = (
        function,
        getattr(function, "func", None) if isinstance(function, functools.partial) else None,
        getattr(function, "__call__", None),  # noqa: B004 - an object whose __call__ is decorated
    )
    return any(getattr(candidate, "__langsmith_traceable__", False) for candidate in candidates)


def ensure_traceable(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    """Return *function* as it is when it is traceable, else decorated with *options*."""
    if is_traceable_function(function):
        return function
    decorate: Callable[[Callable[P, R]], Callable[P, R]] = traceable(**options)
    return decorate(function)


def _decorate(options: CallOptions, function: Callable[..., Any]) -> Callable[..., Any]:
    _check(function)
    handle_sigterm()  # applications are imported on the main thread, and may be called on others
    call = TracedCall(function, options)
    wrapper: Any = _choose(function, options)(call, function)
    wrapper.__langsmith_traceable__ = True  # read by LangChain and by LangSmith's SDK
    wrapper.__traceable_config__ = {
        "process_inputs": options.process_inputs,
        "process_outputs": options.process_outputs,
        "enabled": options.enabled,
        "tags": options.tags,
        "metadata": options.metadata,
        "wrapped": function,
    }
    return wrapper  # type: ignore[no-any-return]  # attributes were set on it


def _warn_of(kind: str, surplus: tuple[Any, ...], extra: object, unknown: dict[str, Any]) -> None:
    if kind not in _KINDS:
        warnings.warn(
            f"run_type {kind!r} is not one of {sorted(_KINDS)}; "
            f"did you mean @traceable(name={kind!r})?",
            stacklevel=3,
        )
    if surplus:
        warnings.warn(
            f"traceable takes one positional argument; {len(surplus)} more are ignored",
            stacklevel=3,
        )
    if extra is not None:
        warnings.warn(
            "traceable(extra=...) is deprecated; use metadata", DeprecationWarning, stacklevel=3
        )
    if unknown:
        warnings.warn(
            f"unknown arguments of traceable are ignored: {sorted(unknown)}",
            DeprecationWarning,
            stacklevel=3,
        )


def _check(function: object) -> None:
    if not callable(function) or isinstance(function, type):
        below = " (put it below @classmethod)" if isinstance(function, classmethod) else ""
        raise TypeError(f"traceable decorates functions, not {function!r}{below}")


def _choose(function: Callable[..., Any], options: CallOptions) -> Wrap:
    code = function
    if not inspect.isroutine(function) and not isinstance(function, functools.partial):
        code = type(function).__call__  # an object that can be called
    if inspect.isasyncgenfunction(code):
        return wrap_async_generator
    if inspect.isgeneratorfunction(code):
        return wrap_generator
    # A plain wrapper that another decorator put around a coroutine function returns its coroutine.
    inner = getattr(code, "__wrapped__", None)
    if inspect.iscoroutinefunction(code) or inspect.iscoroutinefunction(inner):
        return wrap_async_stream if options.reduce is not None else _wrap_coroutine
    return wrap_stream if options.reduce is not None else _wrap_function


def _wrap_function(call: TracedCall, function: Callable[..., Any]) -> Callable[..., Any]:
    begin, finish = call.begin, call.finish

    @functools.wraps(function)
    def wrapper(*args: Any, langsmith_extra: Extra | None = None, **kwargs: Any) -> Any:
        span = begin(args, kwargs, langsmith_extra)
        if span is None:
            return function(*args, **kwargs)
        try:
            output = function(*args, **kwargs)
        except BaseException as error:
            call.fail(span, error)
            raise
        finish(span, output)
        return output

    return wrapper


def _wrap_coroutine(call: TracedCall, function: Callable[..., Any]) -> Callable[..., Any]:
    begin, finish = call.begin, call.finish

    @functools.wraps(function)
    async def wrapper(*args: Any, langsmith_extra: Extra | None = None, **kwargs: Any) -> Any:
        span = begin(args, kwargs, langsmith_extra)
        if span is None:
            return await function(*args, **kwargs)
        try:
            output = await function(*args, **kwargs)
        except BaseException as error:
            call.fail(span, error)
            raise
        finish(span, output)
        return output

    return wrapper
