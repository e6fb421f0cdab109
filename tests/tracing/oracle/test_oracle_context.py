"""``langsmith_extra`` and ``tracing_context``: both SDKs record the same."""

# The programs are decorated by either SDK, whose overloads differ: not typed by them.
# mypy: disallow-untyped-decorators=False, warn-return-any=False

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

Rows = list[dict[str, Any]]

TRACE = UUID("01890000-0000-7000-8000-000000000001")
PARENT = UUID("01890000-0000-7000-8000-000000000002")
DOTTED = f"20230701T000000000000Z{TRACE}.20230701T000001000000Z{PARENT}"
EXAMPLE = "01890000-0000-7000-8000-00000000000e"


def leaf_of(sdk: Any, **options: Any) -> Any:
    """Return a decorated function."""

    @sdk.traceable(**options)
    def leaf(n: int = 1) -> int:
        return n

    return leaf


def extra_name(sdk: Any) -> Any:
    """The call names its run."""
    return leaf_of(sdk)(2, langsmith_extra={"name": "other"})


def extra_metadata_and_tags(sdk: Any) -> Any:
    """The call's tags and metadata, and the decorator's, which goes before."""
    leaf = leaf_of(sdk, tags=["d"], metadata={"a": "decorator", "b": 1})
    return leaf(langsmith_extra={"tags": ["c"], "metadata": {"a": "call", "c": 2}})


def extra_is_inherited(sdk: Any) -> Any:
    """Children have the tags and metadata of the call above them, which go before their own."""
    leaf = leaf_of(sdk, tags=["leaf"])

    @sdk.traceable(tags=["root"], metadata={"m": 1})
    def root() -> None:
        leaf(langsmith_extra={"metadata": {"m": 2, "n": 2}, "tags": ["call"]})
        leaf()

    root(langsmith_extra={"tags": ["top"], "metadata": {"t": [1]}})


def extra_project(sdk: Any) -> Any:
    """The call's project goes before the decorator's."""
    leaf_of(sdk, project_name="decorator")(langsmith_extra={"project_name": "call"})


def extra_example(sdk: Any) -> Any:
    """The call names an example of a data set."""
    leaf_of(sdk)(langsmith_extra={"reference_example_id": EXAMPLE})


def extra_run_id(sdk: Any) -> Any:
    """The call names its run's id."""

    @sdk.traceable
    def whoami(run_tree: Any) -> str:
        return str(run_tree.id)

    return whoami(langsmith_extra={"run_id": TRACE})


def extra_parent_run(sdk: Any) -> Any:
    """The call names its parent, a run."""
    leaf = leaf_of(sdk)

    @sdk.traceable(tags=["not inherited by this way"], metadata={"m": 1})
    def first(run_tree: Any) -> None:
        kept.append(run_tree)

    kept: list[Any] = []
    first()
    leaf(langsmith_extra={"parent": kept[0]})


def extra_run_tree(sdk: Any) -> Any:
    """The same under its old name."""
    leaf = leaf_of(sdk)

    @sdk.traceable
    def first(run_tree: Any) -> None:
        kept.append(run_tree)

    kept: list[Any] = []
    first()
    leaf(langsmith_extra={"run_tree": kept[0]})


def extra_parent_headers(sdk: Any) -> Any:
    """The call names its parent by request headers."""
    baggage = "langsmith-metadata=%7B%22m%22%3A1%7D,langsmith-project=p"
    leaf_of(sdk)(langsmith_extra={"parent": {"langsmith-trace": DOTTED, "baggage": baggage}})


def extra_parent_dotted(sdk: Any) -> Any:
    """The call names its parent by dotted order."""
    leaf_of(sdk)(langsmith_extra={"parent": DOTTED, "project_name": "q"})


def extra_parent_ignored(sdk: Any) -> Any:
    """The call begins a trace of its own."""
    leaf = leaf_of(sdk)

    @sdk.traceable(tags=["t"], metadata={"m": 1})
    def root() -> None:
        leaf(langsmith_extra={"parent": "ignore"})

    root()


def extra_on_end(sdk: Any) -> Any:
    """The call is told of its end."""
    seen: list[Any] = []

    def on_end(run: Any) -> None:
        seen.append((run.name, run.outputs, run.error, run.end_time is not None))

    leaf_of(sdk)(3, langsmith_extra={"on_end": on_end})
    return seen


def extra_on_streams(sdk: Any) -> Any:
    """Generators take it too."""

    @sdk.traceable
    def numbers() -> Iterator[int]:
        yield 1

    return list(numbers(langsmith_extra={"name": "other", "tags": ["t"]}))


def context_settings(sdk: Any) -> Any:
    """Project, tags and metadata of a block of code."""
    leaf = leaf_of(sdk, tags=["own"], metadata={"m": "own", "o": 1}, project_name="own")
    with sdk.tracing_context(project_name="p", tags=["b", "a"], metadata={"m": "c", "n": 1}):
        leaf()
    leaf()


def context_inside_a_run(sdk: Any) -> Any:
    """A block inside a run: the run's tags and metadata, and its own."""
    leaf = leaf_of(sdk)

    @sdk.traceable(tags=["run"], metadata={"m": 1})
    def root() -> None:
        with sdk.tracing_context(tags=["block"], metadata={"n": 2}):
            leaf()
        leaf()

    root()


def context_nested(sdk: Any) -> Any:
    """The inner block replaces the outer one."""
    leaf = leaf_of(sdk)
    with sdk.tracing_context(tags=["outer"], project_name="outer"):
        with sdk.tracing_context(metadata={"m": 1}):
            leaf()
        leaf()


def context_parent(sdk: Any) -> Any:
    """A block's parent by headers, with what they carry."""
    baggage = "langsmith-metadata=%7B%22m%22%3A1%7D,langsmith-tags=x%2Cy,langsmith-project=p"
    with sdk.tracing_context(parent={"langsmith-trace": DOTTED, "baggage": baggage}):
        leaf_of(sdk)()


def context_parent_dotted(sdk: Any) -> Any:
    """A block's parent by dotted order."""
    with sdk.tracing_context(parent=DOTTED, tags=["t"]):
        leaf_of(sdk)()


def context_parent_false(sdk: Any) -> Any:
    """A block whose traces are its own."""
    leaf = leaf_of(sdk)

    @sdk.traceable(tags=["t"])
    def root() -> None:
        with sdk.tracing_context(parent=False, metadata={"m": 1}):
            leaf()

    root()


def context_disabled(sdk: Any) -> Any:
    """A block that is not recorded, and what comes after it."""
    leaf = leaf_of(sdk)

    @sdk.traceable
    def root() -> None:
        with sdk.tracing_context(enabled=False):
            leaf(1)
        leaf(2)

    root()
    with sdk.tracing_context(enabled=False):
        leaf(3)


def context_forced(sdk: Any) -> Any:
    """``enabled=True`` of a function goes before the block's False."""
    with sdk.tracing_context(enabled=False):
        leaf_of(sdk, enabled=True)(1)


def off_local(sdk: Any) -> Any:
    """``enabled="local"`` makes runs that are not stored."""
    seen: list[Any] = []

    @sdk.traceable(name="seen")
    def function(n: int) -> int:
        run = sdk.get_current_run_tree()
        seen.append((run.name, run.run_type, run.inputs))
        return n

    ended: list[Any] = []
    with sdk.tracing_context(enabled="local"):
        function(1, langsmith_extra={"on_end": lambda run: ended.append(run.outputs)})
    return seen, ended


def off_disabled(sdk: Any) -> Any:
    """``enabled=False`` of a function, which still takes ``langsmith_extra``."""

    @sdk.traceable(enabled=False)
    def function(n: int, run_tree: Any = None) -> Any:
        return n, run_tree

    return function(1, langsmith_extra={"name": "x", "tags": ["t"]})


def context_carried(sdk: Any) -> Any:
    """What ``get_tracing_context`` gives can be given to ``tracing_context``."""
    leaf = leaf_of(sdk)

    @sdk.traceable(tags=["t"], metadata={"m": 1})
    def root() -> None:
        kept.append((sdk.get_tracing_context(), sdk.get_current_run_tree()))

    kept: list[Any] = []
    root()
    context, _run = kept[0]
    with sdk.tracing_context(**context):
        leaf()


PROGRAMS = [
    extra_name,
    extra_metadata_and_tags,
    extra_is_inherited,
    extra_project,
    extra_example,
    extra_run_id,
    extra_parent_run,
    extra_run_tree,
    extra_parent_headers,
    extra_parent_dotted,
    extra_parent_ignored,
    extra_on_end,
    extra_on_streams,
    context_settings,
    context_inside_a_run,
    context_nested,
    context_parent,
    context_parent_dotted,
    context_parent_false,
    context_disabled,
    context_forced,
    off_local,
    off_disabled,
    context_carried,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_context(program: Callable[[Any], Any], compare: Callable[..., None]) -> None:
    """The program's result and all that it recorded are the same under both SDKs."""
    compare(program)
