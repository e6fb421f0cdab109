"""What one example was found to score, or why it has no score; and columns of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.columns import Unscored, score_column
from evalhub.metrics.judge.judgement import shorten
from evalhub.metrics.rag.readings import Ruling

__all__ = ["Finding", "Found", "finding_columns", "quoted", "told", "unsupported"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A value with what it rests on."""

    value: float
    explanation: str | None = None


Found = Finding | Unscored
"""A finding, or why there is none."""


def finding_columns(
    bounds: Mapping[str, tuple[float, float]],
    signature: str,
    rows: Sequence[Mapping[str, Found]],
) -> dict[str, ScoreColumn]:
    """Return a column for each name in *bounds*, out of one row an example."""
    return {
        name: _column(name, signature, [row[name] for row in rows], limits)
        for name, limits in bounds.items()
    }


def quoted(text: str, reason: str = "") -> str:
    """Return *text* in quotes, with the reason of its verdict."""
    return f'"{text}" ({reason})' if reason else f'"{text}"'


def told(kind: str, items: Sequence[str], total: int) -> str:
    """Return an explanation such as ``1 of 3 claims unsupported: "..."``."""
    head = f"{len(items)} of {total} {kind}"
    return shorten(f"{head}: {'; '.join(items)}") if items else head


def unsupported(statements: Sequence[str], judged: Sequence[Ruling]) -> list[str]:
    """Return the statements that do not hold, quoted with the reasons."""
    pairs = zip(statements, judged, strict=True)
    return [quoted(statement, item.reason) for statement, item in pairs if not item.holds]


def _column(
    name: str, signature: str, found: Sequence[Found], bounds: tuple[float, float]
) -> ScoreColumn:
    results = [item.value if isinstance(item, Finding) else item for item in found]
    explanations = [
        item.explanation if isinstance(item, Finding) else item.reason for item in found
    ]
    column = score_column(name, signature, results, bounds=bounds)
    return replace(column, explanations=explanations if any(explanations) else None)
