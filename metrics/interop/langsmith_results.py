"""Read what an evaluator written for LangSmith returns."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from evalhub.metrics.columns import Unscored
from evalhub.metrics.interop.findings import Finding, reading
from evalhub.model import ScoreState

__all__ = ["read_results"]

_SAYS = ("score", "value", "comment")


def read_results(answer: Any, name: str) -> dict[str, Finding]:
    """Return the findings in *answer* by feedback key; one without a key is *name*'s.

    *answer* is a bool, a number, a text, a mapping with ``score``, ``value`` or ``comment``,
    an ``EvaluationResult``, a list of these, or a mapping with such a list under ``results``.

    Raises:
        TypeError: it is something else.
        ValueError: it is empty, or one of several results has no key.
    """
    answer = _plain(answer)
    if isinstance(answer, Mapping) and "results" in answer:
        answer = list(answer["results"])
    if not isinstance(answer, list):
        return dict([_read(answer, name)])
    if not answer:
        raise ValueError("the evaluator returned an empty list; return a result")
    return dict(_read(_plain(item), None) for item in answer)


def _read(result: Any, name: str | None) -> tuple[str, Finding]:
    if isinstance(result, str) and result:
        result = {"value": result}
    elif not isinstance(result, Mapping) and result is not None and result != "":
        result = {"score": result}
    if not isinstance(result, Mapping) or not any(key in result for key in _SAYS):
        raise ValueError(f"{result!r} is no result; return a score, or a key and a score")
    key = result.get("key") or name
    if not key:
        raise ValueError(f"{result!r} is one of several results; give it a key")
    return str(key), _finding(result)


def _finding(result: Mapping[str, Any]) -> Finding:
    score, value, comment = (result.get(key) for key in _SAYS)
    label = value if isinstance(value, str) else None
    if score is None and value is not None:
        told = f"a value without a score: {str(value)[:60]!r}"
        return Finding(Unscored(ScoreState.SKIPPED, comment or told), label)
    finding = reading(score, label=label, explanation=comment)
    bounds = _bounds(result.get("feedback_config"))
    return finding if bounds is None else dataclasses.replace(finding, bounds=bounds)


def _bounds(config: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """Return the least and greatest value that a feedback configuration says."""
    least, greatest = ((config or {}).get(end) for end in ("min", "max"))
    return None if least is None or greatest is None else (float(least), float(greatest))


def _plain(result: Any) -> Any:
    """Return an ``EvaluationResult``, LangSmith's or ours, as a mapping."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    return result.model_dump() if hasattr(result, "model_dump") else result
