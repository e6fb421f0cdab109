"""Find out what models would be asked, without asking."""

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.evals.runs.budget import Cost
from evalhub.evals.runs.call import Call
from evalhub.evals.runs.scoring import BASELINE_OUTPUTS, Columns
from evalhub.evals.runs.tariff import Tariff
from evalhub.evals.suites.unasked import Request, listening
from evalhub.evals.targets.base import Target, TargetOutput
from evalhub.metrics.base import Metric
from evalhub.metrics.judge.canary import check_canaries
from evalhub.metrics.judge.canary_file import load_canaries
from evalhub.model import Example, ExampleResult, Usage
from evalhub.tracing import tracing_context

__all__ = ["Listened", "listen_to_canaries", "listen_to_metric", "listen_to_target"]

_BYTES_PER_TOKEN = 4
"""The usual rule of thumb for English; only where no run has told the truth yet."""


@dataclass(frozen=True, slots=True)
class Listened:
    """What models would be asked."""

    requests: int
    cost: Cost
    """By four bytes a token, and answers as long as ``max_tokens`` lets them be."""
    is_bounded: bool
    """Whether each request had ``max_tokens``."""
    unpriced: tuple[str, ...] = ()
    """Models whose price is not known."""


def listen_to_target(target: Target, examples: Sequence[Example]) -> Listened:
    """Return what *target* would ask for *examples*."""

    def ask() -> None:
        for example in examples:
            # What it makes of the answer does not matter: the request was noted.
            with contextlib.suppress(Exception):
                target(example.inputs)

    return _listen(ask)


def listen_to_metric(
    metric: Metric, examples: Sequence[Example], outputs: Mapping[str, str]
) -> Listened:
    """Return what *metric* would ask for *examples*.

    Of an example without one in *outputs* the reference stands in for its output.
    """
    columns = _columns(examples, outputs)
    return _listen(lambda: metric.score_batch(**{name: columns[name] for name in metric.requires}))


def listen_to_canaries(metric: Metric, path: Path) -> Listened:
    """Return what *metric* would ask to grade the canaries in the file at *path* again."""
    return _listen(lambda: check_canaries(metric, load_canaries(path)))


def _listen(ask: Callable[[], object]) -> Listened:
    with listening() as requests, tracing_context(enabled=False), contextlib.suppress(Exception):
        ask()
    tariffs = {(one.client.model, one.client.base_url): Tariff.of(one.client) for one in requests}
    costs = [tariffs[one.client.model, one.client.base_url].cost(_usage(one)) for one in requests]
    return Listened(
        requests=len(requests),
        cost=sum(costs, Cost()),
        is_bounded=all(one.settings.get("max_tokens") is not None for one in requests),
        unpriced=tuple(name for (name, _), tariff in tariffs.items() if not tariff.is_known),
    )


def _usage(request: Request) -> Usage:
    read = [request.messages, *(request.settings.get(key) for key in ("json_schema", "tools"))]
    text = json.dumps(read, ensure_ascii=False, default=str)
    written = int(request.settings.get("max_tokens") or 0)
    return Usage(len(text.encode()) // _BYTES_PER_TOKEN, written)


def _columns(examples: Sequence[Example], outputs: Mapping[str, str]) -> Mapping[str, Any]:
    texts = [outputs.get(example.id) or _stand_in(example) for example in examples]
    calls = [
        # Only where the data set has no contexts of its own do these count.
        Call(TargetOutput(text, contexts=() if _has_contexts(one) else (text,)), None, None, 0.0)
        for one, text in zip(examples, texts, strict=True)
    ]
    results = [ExampleResult(one.id, text) for one, text in zip(examples, texts, strict=True)]
    columns = Columns.of(examples, calls, results).by_name
    # Another text than the output, as two that are alike need no judge.
    return {**columns, BASELINE_OUTPUTS: [f"Before: {text}" for text in texts]}


def _stand_in(example: Example) -> str:
    return example.references[0] if example.references else "text"


def _has_contexts(example: Example) -> bool:
    return bool(example.metadata.get("contexts"))
