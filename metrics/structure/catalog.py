"""The metrics of this room, by name."""

from collections.abc import Mapping

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG"]

_ROOM = "evalhub.metrics.structure"
_OUTPUTS = ("outputs",)
_TEXTS = ("outputs", "references")


def _operational(column: str, summary: str) -> Entry:
    return Entry(f"{_ROOM}.operational:Operational", (column,), summary, preset={"column": column})


CATALOG: Mapping[str, Entry] = {
    "contains": Entry(
        f"{_ROOM}.contains:Contains",
        _TEXTS,
        "1 where the output holds any, all or none of the references",
    ),
    "regex": Entry(
        f"{_ROOM}.regex:Regex",
        _OUTPUTS,
        "1 where the output matches a pattern",
    ),
    "json_valid": Entry(
        f"{_ROOM}.json_valid:JsonValid",
        _OUTPUTS,
        "1 where the output is JSON",
        "RFC 8259",
    ),
    "json_schema": Entry(
        f"{_ROOM}.json_schema:JsonSchema",
        _OUTPUTS,
        "1 where the output is JSON that keeps to a schema",
        "https://json-schema.org",
        modules=("jsonschema",),
        extra="metrics",
        paths=("schema",),
    ),
    "json_match": Entry(
        f"{_ROOM}.json_match:JsonMatch",
        _TEXTS,
        "share of the reference's JSON fields that are right",
    ),
    "code_fences": Entry(
        f"{_ROOM}.code_fences:CodeFences",
        _OUTPUTS,
        "1 where the code blocks are as asked for, and parse",
        "CommonMark 0.31",
        modules=("markdown_it",),
        extra="metrics",
    ),
    "classification": Entry(
        f"{_ROOM}.classification:ClassificationReport",
        _TEXTS,
        "1 where the class is right; precision, recall and F1 per class of the corpus",
        "scikit-learn, classification_report",
        modules=("sklearn",),
        extra="metrics",
    ),
    "latency_ms": _operational("latency_ms", "milliseconds that the target took"),
    "input_tokens": _operational("input_tokens", "tokens that the target read"),
    "output_tokens": _operational("output_tokens", "tokens that the target wrote"),
    "cost_usd": _operational("cost_usd", "dollars that the target cost"),
}
