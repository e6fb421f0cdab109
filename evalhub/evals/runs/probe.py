"""Find out what models would be asked, without asking: a client that only listens."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Self

from evalhub.evals.runs.call import Call
from evalhub.evals.runs.metered import MeteredChat
from evalhub.evals.runs.scoring import Columns
from evalhub.evals.runs.tariff import Tariff
from evalhub.evals.targets.base import Target, TargetOutput
from evalhub.llm.client import Completion
from evalhub.metrics.base import Metric
from evalhub.model import Example, ExampleResult
from evalhub.tracing import tracing_context

__all__ = ["Listened", "listen_to_metric", "listen_to_target"]

_BYTES_PER_TOKEN = 4
"""The usual rule of thumb for English; only where no run has told the truth yet."""

_UNKEPT = ("cache", "record")
"""Settings by which a judge would keep what it was answered."""


@dataclass(slots=True)
class Listened:
    """A chat client that notes what it is asked, and answers nothing of use."""

    model: str
    tariff: Tariff
    """Of the first model, where there are several."""
    requests: int = 0
    input_tokens: int = 0
    """By four bytes a token."""
    output_tokens: int = 0
    """The most there can be: the sum of ``max_tokens``."""
    is_bounded: bool = True
    """Whether each request had ``max_tokens``."""
    base_url: str = ""

    @classmethod
    def of(cls, asker: object) -> Self | None:
        """Return what can take the place of the clients of *asker*; None where it has none."""
        client = next(_clients(asker), None)
        return None if client is None else cls(client.model, client.tariff)

    def complete(self, messages: Sequence[Mapping[str, Any]], **settings: Any) -> Completion:
        """Note the request, and answer with nothing."""
        text = json.dumps([messages, settings.get("json_schema")], ensure_ascii=False, default=str)
        self.requests += 1
        self.input_tokens += len(text.encode()) // _BYTES_PER_TOKEN
        self.output_tokens += int(settings.get("max_tokens") or 0)
        self.is_bounded = self.is_bounded and settings.get("max_tokens") is not None
        return Completion("{}", self.model, "stop", None)


def listen_to_target(target: Target, examples: Sequence[Example]) -> Listened | None:
    """Return what *target* would ask for *examples*; None where it asks no model itself."""
    listener = Listened.of(target)
    if listener is None:
        return None
    deaf: Target = _deafened(target, listener)
    for example in examples:
        # What it makes of the empty answer does not matter: the request was noted.
        with contextlib.suppress(Exception):
            deaf(example.inputs)
    return listener


def listen_to_metric(metric: Metric, examples: Sequence[Example]) -> Listened | None:
    """Return what *metric* would ask at least for *examples*; None where it asks no model.

    References stand in for the outputs that are not there yet. A judge that asks on by
    what it was answered asks more than is noted here.
    """
    listener = Listened.of(metric)
    if listener is None:
        return None
    deaf: Metric = _deafened(metric, listener)
    columns = _columns(examples)
    with contextlib.suppress(Exception), tracing_context(enabled=False):
        deaf.score_batch(**{name: columns.by_name[name] for name in metric.requires})
    return listener


def _clients(value: object) -> Iterator[MeteredChat]:
    """Give the clients in *value*, a target or metric, and in the judges that it holds."""
    if isinstance(value, MeteredChat):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _clients(item)
    elif is_dataclass(value):
        for item in fields(value):
            if item.init:
                yield from _clients(getattr(value, item.name))


def _deafened(value: Any, listener: Listened) -> Any:
    """Return *value* with *listener* in the place of its clients, and without caches."""
    if isinstance(value, MeteredChat):
        return listener
    if isinstance(value, list | tuple):
        return type(value)(_deafened(item, listener) for item in value)
    if not is_dataclass(value) or isinstance(value, type) or not any(_clients(value)):
        return value
    names = [item.name for item in fields(value) if item.init]
    changed = {name: _deafened(getattr(value, name), listener) for name in names}
    return replace(value, **changed | {name: None for name in _UNKEPT if name in names})


def _columns(examples: Sequence[Example]) -> Columns:
    texts = [example.references[0] if example.references else "text" for example in examples]
    calls = [Call(TargetOutput(text), None, None, 0.0) for text in texts]
    results = [
        ExampleResult(example.id, text) for example, text in zip(examples, texts, strict=True)
    ]
    return Columns.of(examples, calls, results)
