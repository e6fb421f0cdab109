"""Example results as a Parquet file, and as the wide table that MLflow's pages show.

The Parquet file is the record: it gives back the same results. The wide table has
one column a score and is for people.
"""

import functools
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from evalhub._optional import require
from evalhub.model import ExampleResult, Score, ScoreState, Usage

__all__ = ["read_results", "wide_table", "write_results"]

_GROUP = 5_000
"""Results that are laid out at a time: 100,000 at once take a gigabyte."""


def write_results(results: Sequence[ExampleResult], path: Path) -> None:
    """Write *results* to the Parquet file *path*; inputs and slices are kept as JSON."""
    parquet = require("pyarrow.parquet", extra="mlflow")
    arrow = require("pyarrow", extra="mlflow")
    schema = _schema(arrow)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, len(results), _GROUP):
            part = results[start : start + _GROUP]
            writer.write_table(_table(arrow, [_row(result) for result in part], schema))


def read_results(path: Path) -> tuple[ExampleResult, ...]:
    """Return the results that :func:`write_results` wrote to *path*."""
    parquet = require("pyarrow.parquet", extra="mlflow")
    # `read_table` would go through the dataset machinery, which costs 0.5 s to import.
    with parquet.ParquetFile(path) as file:
        return tuple(
            _result(row)
            for batch in file.iter_batches(batch_size=_GROUP)
            for row in batch.to_pylist()
        )


def wide_table(results: Sequence[ExampleResult]) -> dict[str, list[Any]]:
    """Return columns for people: inputs, output, references, one column a score."""
    names = list(dict.fromkeys(score.name for result in results for score in result.scores))
    columns: dict[str, list[Any]] = {
        "example_id": [result.example_id for result in results],
        "repeat": [result.repeat for result in results],
        "inputs": [_json(result.inputs) for result in results],
        "output": [result.output for result in results],
        "reference": ["\n\n".join(result.references) or None for result in results],
        "error": [result.error for result in results],
        "finish_reason": [result.finish_reason for result in results],
    }
    for name in names:
        columns[name] = [_value(result, name) for result in results]
    columns["latency_ms"] = [result.latency_ms for result in results]
    columns["cost_usd"] = [result.cost_usd for result in results]
    columns["trace_id"] = [result.trace_id for result in results]
    return columns


def _value(result: ExampleResult, name: str) -> float | None:
    score = result.score(name)
    return None if score is None else score.value


def _json(value: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(dict(value), default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a surrogate pair, or a number beyond 64 bits
        return json.dumps(dict(value), default=str)


def _table(arrow: Any, rows: list[dict[str, Any]], schema: Any) -> Any:
    try:
        return arrow.Table.from_pylist(rows, schema=schema)
    except UnicodeEncodeError:  # half a surrogate pair, which a cut-off answer may end in
        return arrow.Table.from_pylist([_encodable(row) for row in rows], schema=schema)


def _encodable(value: Any) -> Any:
    """Return *value* with ``?`` for what UTF-8 cannot hold."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {key: _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list) else value


def _schema(arrow: Any) -> Any:
    text, number, count = arrow.string(), arrow.float64(), arrow.int64()
    usage = arrow.struct([(name, count) for name in Usage.__dataclass_fields__])
    score = arrow.struct(
        [(name, number if name == "value" else text) for name in Score.__dataclass_fields__]
    )
    return arrow.schema(
        {
            "example_id": text,
            "repeat": count,
            "output": text,
            "error": text,
            "trace_id": text,
            "latency_ms": number,
            "usage": usage,
            "cost_usd": number,
            "cluster": text,
            "scores": arrow.list_(score),
            "inputs": text,
            "references": arrow.list_(text),
            "slices": text,
            "finish_reason": text,
        }
    )


def _row(result: ExampleResult) -> dict[str, Any]:
    return {
        "example_id": result.example_id,
        "repeat": result.repeat,
        "output": result.output,
        "error": result.error,
        "trace_id": result.trace_id,
        "latency_ms": result.latency_ms,
        "usage": None if result.usage is None else asdict(result.usage),
        "cost_usd": result.cost_usd,
        "cluster": result.cluster,
        "scores": [asdict(score) for score in result.scores],
        "inputs": _json(result.inputs),
        "references": list(result.references),
        "slices": _json(result.slices),
        "finish_reason": result.finish_reason,
    }


def _result(row: dict[str, Any]) -> ExampleResult:
    usage = row.pop("usage")
    scores = row.pop("scores")
    return ExampleResult(
        **{
            **row,
            "usage": None if usage is None else Usage(**usage),
            "scores": tuple(_score(**score) for score in scores),
            "inputs": json.loads(row["inputs"]),
            "references": tuple(row["references"]),
            "slices": dict(_slices(row.get("slices") or "{}")),  # runs kept before slices were
        }
    )


def _score(name: str, signature: str, state: str, **rest: Any) -> Score:
    # One text for all: 100,000 results with four metrics take 150 MB less.
    return Score(
        name=sys.intern(name), signature=sys.intern(signature), state=ScoreState(state), **rest
    )


@functools.lru_cache(maxsize=1_024)
def _slices(text: str) -> dict[str, str]:
    labels: dict[str, str] = json.loads(text)
    return labels
