"""``trace``, the current run and ``RunTree``: both SDKs record the same."""

# The programs are decorated by either SDK, whose overloads differ: not typed by them.
# mypy: disallow-untyped-decorators=False, warn-return-any=False

from collections.abc import Callable
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


def block(sdk: Any) -> Any:
    """``trace``: a block of code."""
    with sdk.trace("work", "tool", inputs={"q": 1}, tags=["t"], metadata={"m": 1}) as run:
        leaf_of(sdk, tags=["l"])()
        run.end(outputs={"a": 2})


def block_changes(sdk: Any) -> Any:
    """What is set on a block's run."""
    with sdk.trace("work", run_type="llm", project_name="p") as run:
        run.metadata["live"] = 1
        run.add_metadata({"added": 2})
        run.add_tags(["one", "two"])
        run.add_event({"name": "retry", "time": "2024-01-01T00:00:00+00:00"})
        run.end(outputs={"a": 1})
        return run.name, run.run_type, isinstance(run.id, UUID)


def block_nested(sdk: Any) -> Any:
    """Blocks in blocks: tags are sorted, what is around goes before."""
    with (
        sdk.trace("outer", tags=["z", "a"], metadata={"m": 1}),
        sdk.trace("inner", tags=["b"], metadata={"m": 2, "n": 3}, project_name="ignored"),
    ):
        pass


def block_parent(sdk: Any) -> Any:
    """A block's parent by dotted order, and one without parent."""
    with sdk.trace("below", parent=DOTTED), sdk.trace("alone", parent="ignore"):
        pass


def block_fails(sdk: Any) -> Any:
    """An error of the block, and one that is handled."""
    with pytest.raises(ValueError, match="x"), sdk.trace("work"):
        raise ValueError("x")


def block_handles(sdk: Any) -> Any:
    """``exceptions_to_handle`` of a block: raised, and no error."""

    def work() -> None:
        with sdk.trace("skipped", exceptions_to_handle=(KeyError,)) as run:
            run.end(outputs={"partly": True})
            raise KeyError("k")

    with pytest.raises(KeyError):
        work()


def run_outputs_set(sdk: Any) -> Any:
    """Outputs that are set stay; outputs that are added stay beside what is returned."""

    @sdk.traceable
    def setting() -> dict[str, int]:
        sdk.get_current_run_tree().set(outputs={"own": 1}, metadata={"m": 1})
        return {"returned": 2}

    @sdk.traceable
    def adding() -> dict[str, int]:
        sdk.get_current_run_tree().add_outputs({"own": 1})
        return {"returned": 2}

    return setting(), adding()


def run_metadata_is_inherited(sdk: Any) -> Any:
    """Metadata set on a run is its later children's too; tags are not."""
    leaf = leaf_of(sdk)

    @sdk.traceable
    def root() -> None:
        leaf(1)
        run = sdk.get_current_run_tree()
        run.metadata["m"] = 1
        run.add_tags(["t"])
        leaf(2)

    root()


def run_trees(sdk: Any) -> Any:
    """Runs made by hand."""
    root = sdk.RunTree(
        name="root", run_type="chain", inputs={"q": 1}, tags=["t"], extra={"metadata": {"m": 1}}
    )
    root.post()
    child = root.create_child(name="child", run_type="tool", inputs={"x": 2}, tags=["c"])
    child.post()
    child.end(outputs={"y": 3})
    child.patch()
    failed = root.create_child(name="failed")
    failed.post()
    failed.end(error="it broke")
    failed.patch()
    root.end(outputs={"a": 4})
    root.patch()


def run_tree_as_parent(sdk: Any) -> Any:
    """A run made by hand as the parent of a block and of a call."""
    root = sdk.RunTree(name="root", project_name="p", inputs={})
    root.post()
    with sdk.tracing_context(parent=root):
        leaf_of(sdk)()
    leaf_of(sdk, name="called")(langsmith_extra={"parent": root})
    root.end()
    root.patch()


def headers(sdk: Any) -> Any:
    """A run's headers make it the parent elsewhere."""

    @sdk.traceable
    def client() -> None:
        kept.update(sdk.get_current_run_tree().to_headers())

    kept: dict[str, str] = {}
    client()
    with sdk.tracing_context(parent=kept):
        leaf_of(sdk)()


def usage(sdk: Any) -> Any:
    """Usage in the outputs stays there."""

    @sdk.traceable(run_type="llm", metadata={"ls_provider": "p", "ls_model_name": "m"})
    def model() -> dict[str, Any]:
        return {"text": "hi", "usage_metadata": {"input_tokens": 1, "output_tokens": 2}}

    return model()


PROGRAMS = [
    block,
    block_changes,
    block_nested,
    block_parent,
    block_fails,
    block_handles,
    run_outputs_set,
    run_metadata_is_inherited,
    run_trees,
    run_tree_as_parent,
    headers,
    usage,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_blocks(program: Callable[[Any], Any], compare: Callable[..., None]) -> None:
    """The program's result and all that it recorded are the same under both SDKs."""
    compare(program)
