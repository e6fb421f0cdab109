"""Traces that were recorded before, as a target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from evalhub.errors import ConfigError, DatasetError, ModelError
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.evals.targets.base import TargetOutput
from evalhub.model import Dataset, Example, Span, SpanStatus, TraceSummary, Usage
from evalhub.store import TraceFilter, open_store
from evalhub.store.roots import iterate_roots

__all__ = ["Match", "RecordedTraces", "record_traces"]

Match = Literal["id", "trace_id", "inputs"]
"""By what a trace belongs to an example."""


@dataclass(frozen=True, slots=True)
class _Trace:
    """One trace, and where its root's outputs hold the text."""

    summary: TraceSummary
    root: Span
    answer: AnswerPaths

    def output(self) -> TargetOutput:
        """Return what the root span gave, with the time, the tokens and the cost of the trace.

        Raises:
            ModelError: the trace ended in an error, or its outputs hold no text.
        """
        if self.root.status == SpanStatus.ERROR:
            raise ModelError((self.root.error or "the trace ended in an error").split("\n")[0])
        if self.root.outputs is None:
            raise ModelError(f"trace {self.root.trace_id} has no outputs")
        found, summary = self.answer.read(orjson.loads(self.root.outputs)), self.summary
        tokens = (summary.input_tokens, summary.output_tokens)
        return replace(
            found,
            usage=found.usage if tokens == (None, None) else Usage(*tokens),
            cost_usd=found.cost_usd if summary.cost_usd is None else summary.cost_usd,
            latency_ms=(self.root.end_ns - self.root.start_ns) / 1e6,
            trace_id=self.root.trace_id,
        )


@dataclass(frozen=True, slots=True)
class RecordedTraces:
    """Finds the traces of an example; the newest is repeat 0, the one before it repeat 1.

    Args:
        name: As in reports.
        match: By what they belong together.
        traces: Traces by that, newest first.
    """

    name: str
    match: Match
    traces: Mapping[str, Sequence[_Trace]]
    is_recorded: Literal[True] = field(default=True, init=False)

    def recall(self, example: Example, repeat: int = 0) -> TargetOutput:
        """Return the output of *example*'s trace.

        Raises:
            DatasetError: there is none.
            ModelError: it ended in an error, or its outputs hold no text.
        """
        found = self.traces.get(_key_of_example(example, self.match), ())
        if len(found) <= repeat:
            raise DatasetError(f"example {example.id!r} has {len(found)} traces by {self.match!r}")
        return found[repeat].output()

    def check(self, dataset: Dataset) -> None:
        """Refuse traces of which none belongs to *dataset*.

        Raises:
            ConfigError: says how many there are.
        """
        if any(_key_of_example(item, self.match) in self.traces for item in dataset.examples):
            return
        count = sum(map(len, self.traces.values()))
        raise ConfigError(
            f"none of the {count} traces found belongs to an example by {self.match!r}; check "
            "'project', 'since' and 'match'"
        )

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Return the output of the newest trace that had these *inputs*.

        Raises:
            ConfigError: traces are not matched by inputs.
            DatasetError: there is none.
        """
        if self.match != "inputs":
            raise ConfigError(f"{self.name!r} holds traces; they are found by the example")
        return self.recall(Example("", inputs))


def record_traces(
    name: str,
    which: TraceFilter,
    *,
    match: Match = "id",
    id: str = "example_id",  # noqa: A002 - the key of suite files
    answer: AnswerPaths | None = None,
    limit: int = 100_000,
    url: str | None = None,
) -> RecordedTraces:
    """Read the traces *which* from the store, newest first, as a target.

    Args:
        name: Of the target.
        which: Traces to take.
        match: ``id``: the example's id stands in the root span's metadata under *id*.
            ``trace_id``: the example's metadata hold the ``trace_id``, or it is its id.
            ``inputs``: root span and example have equal inputs.
        id: Key of the metadata.
        answer: Where the root span's outputs hold the text.
        limit: Most traces to read.
        url: Of the store; None is ``EVALHUB_URL``.

    Raises:
        StoreError: the store cannot be read.
    """
    found: dict[str, list[_Trace]] = {}
    with open_store(url) as store, store.read() as connection:
        for summary, root in iterate_roots(connection, which, limit=limit):
            key = _key_of_span(root, match, id)
            if key is not None:
                # What is not needed any more is much of the memory.
                kept = replace(root, inputs=None, attributes=None, events=())
                found.setdefault(key, []).append(_Trace(summary, kept, answer or AnswerPaths()))
    return RecordedTraces(name, match, found)


def _key_of_span(root: Span, match: Match, key: str) -> str | None:
    if match == "trace_id":
        return root.trace_id
    if match == "inputs":
        return None if root.inputs is None else _canonical(orjson.loads(root.inputs))
    value = orjson.loads(root.attributes or b"{}").get(key)
    return None if value is None else str(value)


def _key_of_example(example: Example, match: Match) -> str:
    if match == "trace_id":
        return str(example.metadata.get("trace_id") or example.id)
    return _canonical(dict(example.inputs)) if match == "inputs" else example.id


def _canonical(value: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS).decode()
