"""Kept runs that a command names: loaded, told apart, and held against gates."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from evalhub.cli.evals.run_ids import whole_id
from evalhub.errors import ConfigError
from evalhub.evals.gates.demand import Gate, read_margin
from evalhub.experiments import Tracker
from evalhub.model import Experiment

__all__ = ["GateOption", "load_runs", "parse_gates"]

GateOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Demand that the candidate is not worse; may be given again.",
        metavar="METRIC=MARGIN",
    ),
]


def load_runs(tracker: Tracker, run_ids: Sequence[str]) -> list[Experiment]:
    """Return the runs; those of one target are called by their target and run.

    Raises:
        ConfigError: a run is named twice, or its id is not clear.
        TrackerError: a run is not there.
    """
    _refuse_twice(run_ids)
    run_ids = [whole_id(tracker, run_id) for run_id in run_ids]
    _refuse_twice(run_ids)
    runs = [tracker.load(run_id) for run_id in run_ids]
    counts = Counter(run.target for run in runs)
    return [run if counts[run.target] == 1 else _by_run(run) for run in runs]


def _refuse_twice(run_ids: Sequence[str]) -> None:
    twice = [run_id for run_id, count in Counter(run_ids).items() if count > 1]
    if twice:
        raise ConfigError(f"run {twice[0]} is named twice; name each run once")


def parse_gates(texts: Sequence[str], *, baseline: str) -> list[Gate]:
    """Return the gates that ``METRIC=MARGIN`` texts stand for.

    Raises:
        ConfigError: a text is not of that form.
    """
    return [_parse_gate(text, baseline) for text in texts]


def _parse_gate(text: str, baseline: str) -> Gate:
    metric, _, margin = text.rpartition("=")
    try:
        amount, is_relative = read_margin(margin)
    except ConfigError:
        raise ConfigError(
            f"--gate {text!r} is not METRIC=MARGIN; write it as rougeLsum=0.02 or rougeLsum=2%"
        ) from None
    return Gate(metric, not_worse_than=baseline, margin=amount, is_relative=is_relative)


def _by_run(run: Experiment) -> Experiment:
    return replace(run, target=f"{run.target} {(run.run_id or '')[:8]}")
