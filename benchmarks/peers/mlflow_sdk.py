"""MLflow tracing into its SQLite store."""

import os
import tempfile

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
from workload import answer, measure


@mlflow.trace(span_type="LLM")
def inner(question: str, number: int) -> dict[str, object]:
    """Answer."""
    return answer()


@mlflow.trace
def outer(question: str, number: int) -> dict[str, object]:
    """Ask."""
    return inner(question, number)


with tempfile.TemporaryDirectory() as folder:
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.set_experiment("benchmark")
    measure(outer, mlflow.flush_trace_async_logging, calls=100, rounds=1)
