"""Kept runs to hold a candidate against: by id, the last that passed on a branch, by alias.

All of it stands in tags of kept runs, so any tracker that can tag can do it:
``evalhub.git_branch`` when it is kept, ``evalhub.verdict`` after the gates, ``evalhub.accepted``
and ``evalhub.alias.NAME`` by ``evalhub eval promote``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from evalhub.errors import ConfigError
from evalhub.evals.gates.demand import BASELINE_RUN, Verdict
from evalhub.experiments.base import RunInfo, Tracker
from evalhub.experiments.tags import ALIAS_PREFIX, BRANCH_TAG, PARTIAL_TAG, PREFIX, VERDICT_TAG
from evalhub.model import Experiment

__all__ = ["ACCEPTED_TAG", "Baseline", "accept_run", "aliases_of", "promote_run"]

ACCEPTED_TAG = f"{PREFIX}accepted"
"""Tag of a run that a person made a baseline of its branch, whatever its verdict."""
_HISTORY_PREFIX = f"{PREFIX}promotions."
_CURRENT = "current"
_YES = "true"
_ALIAS = re.compile(r"[A-Za-z0-9][\w.-]{0,49}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Which kept run ``baseline-run`` stands for; exactly one of the three.

    Raises:
        ConfigError: none is given or several are, or the alias has odd characters.
    """

    run: str | None = None
    """A run's id."""
    branch: str | None = None
    """The last run of the same target that passed on this git branch."""
    alias: str | None = None
    """The run of the same target that has this alias."""
    required: bool = False
    """Whether it is an error when the branch has none yet."""

    def __post_init__(self) -> None:
        if sum(item is not None for item in (self.run, self.branch, self.alias)) != 1:
            raise ConfigError("the baseline needs exactly one of run, branch and alias")
        if self.alias is not None:
            _check_alias(self.alias)

    def find(
        self, tracker: Tracker, suite: str, target: str, dataset_versions: Sequence[str]
    ) -> Experiment | None:
        """Return the kept run to hold *target* against, named ``baseline-run``.

        On a branch one over the first of *dataset_versions* is taken before a newer one over the
        next, or over any other. None is for a branch on which nothing has passed yet.

        Raises:
            ConfigError: the alias, or the required run of a branch, is not there; or the run is
                partial.
            TrackerError: no run has this id, or the tracker does not answer.
        """
        info = self._find(tracker, suite, target, dataset_versions)
        if info is None:
            return None
        if PARTIAL_TAG in info.tags:
            raise ConfigError(
                f"the run {info.run_id} is partial ({info.tags[PARTIAL_TAG]}) and no baseline; "
                "name another"
            )
        return replace(tracker.load(info.run_id), target=BASELINE_RUN)

    def _find(
        self, tracker: Tracker, suite: str, target: str, dataset_versions: Sequence[str]
    ) -> RunInfo | None:
        if self.run is not None:
            return tracker.info(self.run)
        if self.alias is not None:
            found = _holder(tracker, suite, target, self.alias)
            if found is None:
                raise ConfigError(
                    f"no run of {target!r} in {suite!r} has the alias {self.alias!r}; give it "
                    f"to one: evalhub eval promote RUN --alias {self.alias}"
                )
            return found
        found = self._of_branch(tracker, suite, target, dataset_versions)
        if found is None and self.required:
            raise ConfigError(
                f"no run of {target!r} in {suite!r} has passed on the branch {self.branch!r}; "
                "run it there first, or leave out 'required'"
            )
        return found

    def _of_branch(
        self, tracker: Tracker, suite: str, target: str, dataset_versions: Sequence[str]
    ) -> RunInfo | None:
        here = {f"{PREFIX}target": target, BRANCH_TAG: self.branch or ""}
        same_data = [{f"{PREFIX}dataset_version": version} for version in dataset_versions]
        for narrower in (*same_data, {}):
            kinds = ({VERDICT_TAG: Verdict.PASS.value}, {ACCEPTED_TAG: _YES})
            found = [tracker.newest(suite, {**here, **narrower, **kind}) for kind in kinds]
            known = [info for info in found if info is not None]
            if known:
                return max(known, key=lambda info: info.start_ns)
        return None


def promote_run(tracker: Tracker, run_id: str, alias: str) -> RunInfo | None:
    """Give the run *alias*, and return the one that had it before.

    One run of a suite and target has an alias. When each got it, and lost it, stays in its tags.

    Raises:
        ConfigError: the alias has odd characters, or the run is partial.
        TrackerError: no run has this id, or the tracker does not answer.
    """
    _check_alias(alias)
    run = _whole(tracker, run_id)
    before = _holder(tracker, run.suite, run.target, alias)
    if before is not None and before.run_id == run.run_id:
        return before
    # The new one first: between the two there is never no run with the alias.
    tracker.tag(run.run_id, _event(run, alias, _CURRENT, "given"))
    if before is not None:
        tracker.tag(before.run_id, _event(before, alias, "past", "passed on"))
    return before


def accept_run(tracker: Tracker, run_id: str) -> str:
    """Make the run a baseline of its branch, whatever its verdict, and return the branch.

    For a change that is wanted, after which no run could pass: another data set, another
    version of a metric.

    Raises:
        ConfigError: the run is partial, or its branch is not known.
        TrackerError: no run has this id, or the tracker does not answer.
    """
    run = _whole(tracker, run_id)
    branch = run.tags.get(BRANCH_TAG)
    if not branch:
        raise ConfigError(
            f"the branch of the run {run.run_id} is not known; use an alias, or run it on a branch"
        )
    tracker.tag(run.run_id, {ACCEPTED_TAG: _YES})
    return branch


def aliases_of(tags: Mapping[str, str]) -> list[str]:
    """Return the aliases that a run with these *tags* has now, sorted."""
    return sorted(
        name.removeprefix(ALIAS_PREFIX)
        for name, value in tags.items()
        if name.startswith(ALIAS_PREFIX) and value == _CURRENT
    )


def _holder(tracker: Tracker, suite: str, target: str, alias: str) -> RunInfo | None:
    wanted = {f"{PREFIX}target": target, f"{ALIAS_PREFIX}{alias}": _CURRENT}
    return tracker.newest(suite, wanted)


def _whole(tracker: Tracker, run_id: str) -> RunInfo:
    run = tracker.info(run_id)
    if PARTIAL_TAG in run.tags:
        raise ConfigError(
            f"the run {run.run_id} is partial ({run.tags[PARTIAL_TAG]}); finish it first"
        )
    return run


def _event(run: RunInfo, alias: str, state: str, what: str) -> dict[str, str]:
    name = f"{_HISTORY_PREFIX}{alias}"
    moment = f"{what} {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    history = "; ".join(filter(None, [run.tags.get(name), moment]))
    return {f"{ALIAS_PREFIX}{alias}": state, name: history}


def _check_alias(alias: str) -> None:
    if not _ALIAS.fullmatch(alias):
        raise ConfigError(
            f"the alias is {alias!r}; use letters, digits, '.', '_' and '-', 50 at most"
        )
