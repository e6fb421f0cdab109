"""Kept runs as baselines, in a real MLflow."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from evalhub.errors import ConfigError, TrackerError
from evalhub.evals.gates.baseline import Baseline, accept_run, aliases_of, promote_run
from evalhub.evals.gates.demand import Decision, Gate, GateResult, Verdict
from evalhub.evals.gates.hearing import Hearing, find_baselines, keep_verdicts
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.experiments.tags import BRANCH_TAG, PARTIAL_TAG, VERDICT_TAG
from evalhub.model import Experiment

MakeExperiment = Callable[..., Experiment]
Keep = Callable[..., str]

GATE = Gate("quality", not_worse_than="baseline-run", margin=0.05)
VERSION = "v" * 64


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> MlflowTracker:
    """Return a tracker on one SQLite MLflow for this file: making one takes 5 s."""
    return MlflowTracker(f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}")


@pytest.fixture
def keep(
    tracker: MlflowTracker, make_experiment: MakeExperiment, request: pytest.FixtureRequest
) -> Keep:
    """Return a function that keeps a run of the test's own suite, one second after the last."""
    made: list[str] = []

    def kept(*, tags: Mapping[str, str], target: str = "answer", version: str = VERSION) -> str:
        run = make_experiment(target, [0.5, 0.7, 0.6] * 5, version=version)
        start_ns = 1_790_000_000_000_000_000 + len(made) * 10**9
        dated = replace(run, suite=request.node.name, start_ns=start_ns, end_ns=start_ns + 1)
        made.append(tracker.log(dated, tags=tags))
        return made[-1]

    return kept


def passed_on(branch: str) -> dict[str, str]:
    """Return the tags of a run that passed on *branch*."""
    return {VERDICT_TAG: "pass", BRANCH_TAG: branch}


def found(
    baseline: Baseline, tracker: MlflowTracker, suite: str, *, version: str = VERSION
) -> Experiment | None:
    """Return what *baseline* finds for the target ``answer``."""
    return baseline.find(tracker, suite, "answer", [version])


def test_the_last_that_passed_on_the_branch(
    tracker: MlflowTracker, keep: Keep, request: pytest.FixtureRequest
) -> None:
    """Not a later one that failed, nor one of another branch or target."""
    keep(tags=passed_on("main"))
    wanted = keep(tags=passed_on("main"))
    keep(tags={VERDICT_TAG: "fail", BRANCH_TAG: "main"})
    keep(tags=passed_on("it's a branch"))
    keep(tags=passed_on("main"), target="other")
    run = found(Baseline(branch="main"), tracker, request.node.name)
    assert run is not None
    assert (run.run_id, run.target, len(run.results)) == (wanted, "baseline-run", 15)
    quoted = found(Baseline(branch="it's a branch"), tracker, request.node.name)
    assert quoted is not None
    assert found(Baseline(branch="develop"), tracker, request.node.name) is None


def test_a_run_over_the_same_data_comes_before_a_newer_one(
    tracker: MlflowTracker, keep: Keep, request: pytest.FixtureRequest
) -> None:
    """A run with --limit on the branch does not hide the whole one; without one it is refused."""
    whole = keep(tags=passed_on("main"))
    cut = keep(tags=passed_on("main"), version="w" * 64)
    for version, wanted in ((VERSION, whole), ("w" * 64, cut), ("x" * 64, cut)):
        run = found(Baseline(branch="main"), tracker, request.node.name, version=version)
        assert run is not None
        assert run.run_id == wanted


def test_a_person_can_accept_what_no_gate_could_pass(
    tracker: MlflowTracker,
    keep: Keep,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a wanted change the run is accepted, and is the branch's baseline from then on."""
    keep(tags=passed_on("main"))
    changed = keep(tags={VERDICT_TAG: "incomplete", BRANCH_TAG: "main"})
    assert accept_run(tracker, changed) == "main"
    run = found(Baseline(branch="main"), tracker, request.node.name)
    assert run is not None
    assert run.run_id == changed
    monkeypatch.chdir(tmp_path)  # no git there
    with pytest.raises(ConfigError, match="the branch of the run"):
        accept_run(tracker, keep(tags={}))


def test_a_branch_without_a_run_is_an_error_only_where_it_is_required(
    tracker: MlflowTracker, request: pytest.FixtureRequest
) -> None:
    """The first night of a suite has nothing to be held against."""
    assert found(Baseline(branch="main"), tracker, request.node.name) is None
    with pytest.raises(ConfigError, match="has passed on the branch 'main'"):
        found(Baseline(branch="main", required=True), tracker, request.node.name)


def test_an_alias_is_one_run_s_at_a_time(
    tracker: MlflowTracker, keep: Keep, request: pytest.FixtureRequest
) -> None:
    """Promoting another takes it away; both remember when."""
    first, second = keep(tags={}), keep(tags={})
    baseline = Baseline(alias="production")
    with pytest.raises(ConfigError, match="evalhub eval promote RUN --alias production"):
        found(baseline, tracker, request.node.name)
    assert promote_run(tracker, second, "production") is None
    before = promote_run(tracker, first, "production")
    assert before is not None
    assert before.run_id == second
    run = found(baseline, tracker, request.node.name)
    assert run is not None
    assert run.run_id == first
    tags = {run_id: tracker.info(run_id).tags for run_id in (first, second)}
    assert aliases_of(tags[first]) == ["production"]
    assert aliases_of(tags[second]) == []
    assert "passed on 2" in tags[second]["evalhub.promotions.production"]
    again = promote_run(tracker, first, "production")
    assert again is not None
    assert again.run_id == first


def test_a_partial_run_is_never_a_baseline(tracker: MlflowTracker, keep: Keep) -> None:
    """Neither by its id nor by an alias: what lacks calls is no measure of others."""
    partial = keep(tags={PARTIAL_TAG: "budget"})
    with pytest.raises(ConfigError, match=r"is partial \(budget\)"):
        Baseline(run=partial).find(tracker, "s", "answer", [VERSION])
    with pytest.raises(ConfigError, match="finish it first"):
        promote_run(tracker, partial, "production")


def test_a_run_by_its_id(tracker: MlflowTracker, keep: Keep) -> None:
    """Whatever its verdict; an id that is nobody's is one line."""
    run_id = keep(tags={VERDICT_TAG: "fail"})
    run = Baseline(run=run_id).find(tracker, "s", "answer", [VERSION])
    assert run is not None
    assert run.run_id == run_id
    with pytest.raises(TrackerError, match="f" * 32):
        Baseline(run="f" * 32).find(tracker, "s", "answer", [VERSION])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "exactly one of run, branch and alias"),
        ({"run": "a", "branch": "b"}, "exactly one of run, branch and alias"),
        ({"alias": "for production!"}, "the alias is 'for production!'"),
    ],
)
def test_a_baseline_that_makes_no_sense_is_refused(settings: dict[str, str], message: str) -> None:
    """None, two, or an alias that a tag's name cannot hold."""
    with pytest.raises(ConfigError, match=message):
        Baseline(**settings)  # type: ignore[arg-type]  # the table holds texts only


def test_nights_in_a_row(
    tracker: MlflowTracker,
    keep: Keep,
    make_experiment: MakeExperiment,
    request: pytest.FixtureRequest,
) -> None:
    """The first passes and says so, a worse one fails against it, and is not the next baseline."""
    suite, baseline = request.node.name, Baseline(branch="main")
    verdicts = []
    for loss in (0.0, 0.3, 0.0):
        kept = find_baselines(
            baseline, [GATE], tracker, suite=suite, targets=["answer"], dataset_versions=[VERSION]
        )
        hearing = Hearing((GATE,), kept)
        run_id = keep(tags={BRANCH_TAG: "main"})
        scores = [score - loss for score in [0.5, 0.7, 0.6] * 5]
        run = replace(make_experiment("answer", scores), run_id=run_id)
        decision = hearing.decide([run])
        assert decision is not None
        keep_verdicts(tracker, [run], decision)
        verdicts.append((decision.verdict.value, decision.results[0].reason.split()[0]))
    assert verdicts == [("pass", "there"), ("fail", "difference"), ("pass", "difference")]


def test_a_verdict_is_that_of_the_target_s_own_gates(
    tracker: MlflowTracker, keep: Keep, make_experiment: MakeExperiment
) -> None:
    """A target that no gate judges gets none; a partial run is incomplete."""
    runs = [
        replace(make_experiment(name, [0.5] * 8), run_id=keep(tags={}, target=name))
        for name in ("old", "a", "b")
    ]
    gates = (Gate("quality", of="a", at_least=0.1), Gate("quality", at_least=0.9))
    decision = Decision(
        Verdict.FAIL,
        (GateResult(gates[0], Verdict.PASS, ""), GateResult(gates[1], Verdict.FAIL, "")),
    )
    keep_verdicts(tracker, runs, decision)
    tags = [tracker.info(run.run_id or "").tags.get(VERDICT_TAG) for run in runs]
    assert tags == [None, "pass", "fail"]
    keep_verdicts(tracker, runs, decision, partial="budget")
    assert tracker.info(runs[1].run_id or "").tags[VERDICT_TAG] == "incomplete"


def test_a_target_called_baseline_run_is_itself(tracker: MlflowTracker) -> None:
    """A suite's own target of that name needs no kept run."""
    asked = find_baselines(
        Baseline(run="f" * 32), [GATE], tracker, suite="s",
        targets=["baseline-run", "answer"], dataset_versions=[VERSION],
    )  # fmt: skip
    assert asked == {}
