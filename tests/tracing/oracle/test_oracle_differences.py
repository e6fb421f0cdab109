"""Where we differ from langsmith on purpose: what it records, and why ours is another."""

# The programs are decorated by either SDK, whose overloads differ: not typed by them.
# mypy: disallow-untyped-decorators=False, warn-return-any=False

from collections.abc import Callable, Generator, Iterator
from typing import Any

import langsmith
import pytest

from evalhub import tracing

Rows = list[dict[str, Any]]
Expect = Callable[[Rows], Rows]


class Stream:
    """A stream as providers have them."""

    def __init__(self, n: int) -> None:
        self.items = iter(range(n))

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        return next(self.items)


def changed(name: str, **fields: tuple[Any, Any]) -> Expect:
    """Return an expectation: in the row called *name*, each field is theirs and then ours."""

    def expect(rows: Rows) -> Rows:
        (row,) = (row for row in rows if row["name"] == name)
        assert {key: row[key] for key in fields} == {key: pair[0] for key, pair in fields.items()}
        row.update({key: pair[1] for key, pair in fields.items()})
        return rows

    return expect


def closed_early(sdk: Any) -> Any:
    """A consumer that breaks out of a generator."""

    @sdk.traceable
    def numbers() -> Iterator[int]:
        yield from range(10)

    generator = numbers()
    first = next(generator)
    generator.close()
    return first


def redacted_stream(sdk: Any) -> Any:
    """A returned stream with ``reduce_fn`` and ``process_outputs``."""

    @sdk.traceable(reduce_fn=sum, process_outputs=lambda total: {"hidden": True})
    def create(n: int) -> Any:
        return Stream(n)

    return list(create(3))


def failed_redaction(sdk: Any) -> Any:
    """A ``process_inputs`` that raises."""

    @sdk.traceable(process_inputs=lambda given: given["absent"])
    def function(secret: str) -> str:
        return "ok"

    return function("secret")


def disabled_between(sdk: Any) -> Any:
    """A function with ``enabled=False`` between two that are recorded."""

    @sdk.traceable
    def leaf() -> None: ...

    @sdk.traceable(enabled=False)
    def middle() -> None:
        leaf()

    @sdk.traceable
    def root() -> None:
        middle()

    root()


def inputs_set_later(sdk: Any) -> Any:
    """Inputs that are set while the function runs."""

    @sdk.traceable
    def function() -> int:
        sdk.get_current_run_tree().add_inputs({"found": 1})
        return 1

    return function()


def block_in_a_closed_generator(sdk: Any) -> Any:
    """A block that is left because its generator is closed."""

    def numbers() -> Generator[int, None, None]:
        with sdk.trace("held"):
            yield 1

    generator = numbers()
    next(generator)
    generator.close()


CASES = [
    # Leaving a stream early is what programs do when they have seen enough.
    (closed_early, changed("numbers", error=("GeneratorExit()", None))),
    (block_in_a_closed_generator, changed("held", error=("GeneratorExit()", None))),
    # What redacts a result must redact the same result when it is streamed.
    (redacted_stream, changed("create", outputs=({"output": 3}, {"hidden": True}))),
    # The same note under our own name; neither tells the message, which may quote the payload.
    (
        failed_redaction,
        changed(
            "function",
            inputs=(
                {
                    "ls_error": "Processing failed; inputs dropped (process_inputs: KeyError)",
                },
                {"not_recorded": "process_inputs raised KeyError"},
            ),
        ),
    ),
    # A function that is not recorded is as if it were not decorated: the trace is not torn.
    (disabled_between, changed("leaf", parent=(None, "root"))),
    # langsmith sends inputs with the start of a run only.
    (inputs_set_later, changed("function", inputs=({}, {"found": 1}))),
]


@pytest.mark.parametrize(
    ("program", "expect"), CASES, ids=[program.__name__ for program, _ in CASES]
)
def test_differs_on_purpose(
    program: Callable[[Any], Any], expect: Expect, compare: Callable[..., None]
) -> None:
    """All is the same but for what the case says."""
    compare(program, expect)


def test_process_chunk_that_raises(langsmith_client: langsmith.Client) -> None:
    """Under langsmith it breaks the program's stream; here a note is recorded."""

    def numbers() -> Iterator[int]:
        yield 1

    with (
        langsmith.tracing_context(enabled="local", client=langsmith_client),
        pytest.raises(ZeroDivisionError),
    ):
        list(langsmith.traceable(process_chunk=lambda item: item / 0)(numbers)())
    assert list(tracing.traceable(process_chunk=lambda item: item / 0)(numbers)()) == [1]
