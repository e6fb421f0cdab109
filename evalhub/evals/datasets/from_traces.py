"""Make examples of recorded traces."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from evalhub._optional import require
from evalhub.errors import ConfigError, DatasetError
from evalhub.evals.datasets.sampling import take_sample
from evalhub.evals.datasets.spec import SampleSpec
from evalhub.model import Dataset, Example, Span
from evalhub.store import TraceFilter, open_store
from evalhub.store.queries import iter_heads

__all__ = ["TraceExamples", "dataset_from_traces"]


@dataclass(frozen=True, slots=True)
class TraceExamples:
    """A data set made of traces, and what became of the others."""

    dataset: Dataset
    traces: int
    """How many were looked at."""
    duplicates: int
    """How many had the inputs of a newer one."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many could not be used, by the reason."""


def dataset_from_traces(
    name: str,
    traces: TraceFilter = TraceFilter(),  # noqa: B008 - it is frozen
    *,
    inputs: Mapping[str, str] | None = None,
    references: Sequence[str] = (),
    limit: int | None = None,
    sample: SampleSpec | None = None,
    url: str | None = None,
) -> TraceExamples:
    """Return a data set of what traces were given, newest first, and each input once.

    Paths are JMESPath expressions over the root span: ``inputs``, ``outputs``, ``attributes``,
    and ``output``, which is what a traced function returned. An example's id is its trace's,
    its cluster the trace's session; its metadata has ``trace_id``, ``trace_name`` and
    ``trace_status``. What was masked or hidden when it was recorded stays so.

    Args:
        name: What the data set is called.
        traces: Which traces.
        inputs: Paths by input; None takes the span's inputs as they are.
        references: Paths of right answers. What they find and is no text becomes JSON.
        limit: How many examples at most.
        sample: Take so many of these at random.
        url: The store; None is ``EVALHUB_URL``.

    Raises:
        ConfigError: a path is no JMESPath.
        DatasetError: no trace is there that can be used; says why.
        StoreError: the store cannot be read.
    """
    reader = _Reader(_compiled(inputs), tuple(_compile(path) for path in references))
    with open_store(url) as store, store.read() as connection:
        found = islice(reader.examples(iter_heads(connection, traces)), limit)
        examples = tuple(found) if sample is None else take_sample(found, sample)
    if not examples:
        raise DatasetError(_nothing(reader.counts))
    left_out = {reason: count for reason, count in reader.counts.items() if reason not in _COUNTED}
    return TraceExamples(
        Dataset(name, examples), reader.counts[_SEEN], reader.counts[_DUPLICATE], left_out
    )


_SEEN, _DUPLICATE = "seen", "duplicate"
_COUNTED = (_SEEN, _DUPLICATE)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads examples out of root spans and counts what became of them."""

    inputs: Mapping[str, Any] | None
    references: tuple[Any, ...]
    counts: Counter[str] = field(default_factory=Counter)

    def examples(self, spans: Iterator[Span]) -> Iterator[Example]:
        seen: set[str] = set()
        for span in spans:
            self.counts[_SEEN] += 1
            document = _document(span)
            found = self._inputs(document)
            if isinstance(found, str):
                self.counts[found] += 1
                continue
            key = json.dumps(found, sort_keys=True)
            if key in seen:
                self.counts[_DUPLICATE] += 1
                continue
            seen.add(key)
            yield self._example(span, found, document)

    def _inputs(self, document: Mapping[str, Any]) -> dict[str, Any] | str:
        """Return the inputs, or why there are none."""
        if self.inputs is None:
            found = document["inputs"]
            return found if isinstance(found, dict) and found else "its inputs were not recorded"
        values = {name: path.search(document) for name, path in self.inputs.items()}
        for name, value in values.items():
            if value is None:
                return f"nothing at {self.inputs[name].expression}"
        return values

    def _example(self, span: Span, inputs: dict[str, Any], document: Mapping[str, Any]) -> Example:
        found = (path.search(document) for path in self.references)
        return Example(
            id=span.trace_id,
            inputs=inputs,
            references=tuple(text for value in found for text in _texts(value)),
            metadata={
                "trace_id": span.trace_id,
                "trace_name": span.name,
                "trace_status": span.status,
            },
            cluster=span.session_id,
        )


def _document(span: Span) -> dict[str, Any]:
    """Return what paths search; a payload that was cut or hidden is None."""
    outputs = _json(span.outputs)
    is_wrapped = isinstance(outputs, dict) and set(outputs) == {"output"}
    return {
        "inputs": _json(span.inputs),
        "outputs": outputs,
        "output": outputs["output"] if isinstance(outputs, dict) and is_wrapped else outputs,
        "attributes": _json(span.attributes),
    }


def _json(payload: bytes | None) -> Any:
    if payload is None:
        return None
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:  # cut at a size limit
        return None
    is_hidden = isinstance(value, dict) and set(value) == {"not_recorded"}
    return None if is_hidden else value


def _texts(value: Any) -> list[str]:
    """Return the reference texts in *value*; one that is empty is none."""
    items = value if isinstance(value, list) else [value]
    texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in items]
    return [
        text for text, one in zip(texts, items, strict=True) if one is not None and text.strip()
    ]


def _nothing(counts: Counter[str]) -> str:
    if not counts[_SEEN]:
        return "no trace fits; see evalhub traces list, or ask for less"
    reasons = ", ".join(f"{reason} ({n})" for reason, n in counts.items() if reason != _SEEN)
    return f"none of {counts[_SEEN]} traces can be used: {reasons}"


def _compiled(paths: Mapping[str, str] | None) -> dict[str, Any] | None:
    return None if paths is None else {name: _compile(path) for name, path in paths.items()}


def _compile(path: str) -> Any:
    jmespath = require("jmespath", extra="targets")
    try:
        return jmespath.compile(path)
    except jmespath.exceptions.JMESPathError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"the path {path!r} is no JMESPath: {reason}") from None
