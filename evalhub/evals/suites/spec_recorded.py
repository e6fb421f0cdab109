"""Targets of a suite file whose outputs were made before."""

from typing import Annotated

from pydantic import Field

from evalhub.evals.suites.spec import Spec, Text
from evalhub.evals.targets.output_columns import OutputColumns
from evalhub.evals.targets.recorded_traces import Match

__all__ = ["ColumnSpec", "OutputsSpec", "TracesSpec", "TracesTargetSpec"]


class _Columns(Spec):
    """Columns beside that of the output; one that is not there is not known."""

    contexts: Text = "contexts"
    retrieved_ids: Text = "retrieved_ids"
    tool_calls: Text = "tool_calls"
    latency_ms: Text = "latency_ms"
    input_tokens: Text = "input_tokens"
    output_tokens: Text = "output_tokens"
    cost_usd: Text = "cost_usd"
    finish_reason: Text = "finish_reason"
    error: Text = "error"
    """Where it is not empty, the target had failed with this."""

    def columns(self, output: str) -> OutputColumns:
        """Return the columns, with that of the *output*."""
        named = {name: getattr(self, name) for name in _Columns.model_fields}
        return OutputColumns(output, **named)


class OutputsSpec(_Columns):
    """A target that is a file of outputs made before."""

    outputs: Text
    """A JSON Lines, CSV, TSV or Parquet file, relative to the suite file."""
    id: Text = "id"
    """Column of the examples' ids."""
    output: Text = "output"
    """Column of the outputs."""
    repeat: Text = "repeat"
    """Column that numbers the outputs of one example from 0; needed for repeats only."""


class ColumnSpec(_Columns):
    """A target that is a column of the data set."""

    column: Text
    """Column of the outputs: metadata or an input."""


class TracesSpec(Spec):
    """Which recorded traces, and how they belong to examples."""

    project: Text | None = None
    name: Text | None = None
    """Part of the trace's name."""
    since: Text | None = None
    """Only those started since: 24h, 7d, or a date such as 2026-11-22."""
    until: Text | None = None
    """Only those started before: as *since*."""
    model: Text | None = None
    session_id: Text | None = None
    user_id: Text | None = None
    match: Match = "id"
    """`id`: the root span's metadata hold the example's id. `trace_id`: the example's
    metadata hold the trace's. `inputs`: both have the same inputs."""
    id: Text = "example_id"
    """Key of the metadata that holds the example's id."""
    output: Text | None = None
    """JMESPath of the text in the root span's outputs."""
    finish_reason: Text | None = None
    """JMESPath of why the model ended, in the same."""
    limit: Annotated[int, Field(ge=1)] = 100_000
    """Most traces to read, the newest first."""


class TracesTargetSpec(Spec):
    """A target that is a set of recorded traces."""

    traces: TracesSpec
