"""A kept run as JSON."""

from dataclasses import asdict
from datetime import UTC, datetime

from evalhub.evals.gates.baseline import aliases_of
from evalhub.experiments import RunInfo
from evalhub.experiments.tags import BRANCH_TAG, COMMIT_TAG, PARTIAL_TAG, VERDICT_TAG

__all__ = ["run_json", "started"]


def run_json(run: RunInfo) -> dict[str, object]:
    """Return what lists show of *run*, for ``--json``."""
    return {
        "run_id": run.run_id,
        "name": run.name,
        "suite": run.suite,
        "target": run.target,
        "dataset": run.dataset_name,
        "dataset_version": run.dataset_version,
        "start_time": started(run),
        "verdict": run.tags.get(VERDICT_TAG),
        "partial": run.tags.get(PARTIAL_TAG),
        "aliases": aliases_of(run.tags),
        "branch": run.tags.get(BRANCH_TAG),
        "commit": run.tags.get(COMMIT_TAG),
        "params": dict(run.params),
        "metrics": {summary.name: asdict(summary) for summary in run.summaries},
    }


def started(run: RunInfo) -> datetime:
    """Return when *run* began, in UTC."""
    return datetime.fromtimestamp(run.start_ns / 1e9, UTC)
