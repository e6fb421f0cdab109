"""What MLflow has no room for: long, many, oddly named; matrices; searches."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mlflow
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.utils.validation import _validate_metric_name, _validate_tag_name

from evalhub.errors import TrackerError
from evalhub.experiments import RunFilter
from evalhub.experiments.keys import clean_key, cut_value, metric_keys, unique_keys
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.experiments.mlflow_content import TABLE_ROWS
from evalhub.experiments.tags import ATTEMPT_TAG, GROUP_TAG, PARTIAL_TAG
from evalhub.model import Experiment, MetricSummary, Score


@pytest.fixture
def tracker(sqlite_mlflow: str) -> MlflowTracker:
    """Return a tracker on this file's MLflow."""
    return MlflowTracker(sqlite_mlflow)


@pytest.fixture
def client(sqlite_mlflow: str) -> Iterator[MlflowClient]:
    """Return MLflow's own client on the same, its own functions pointed there too."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(sqlite_mlflow)
    yield MlflowClient(sqlite_mlflow)
    mlflow.set_tracking_uri(before)


def test_each_slice_has_figures(
    tracker: MlflowTracker, client: MlflowClient, experiment: Experiment
) -> None:
    """Mean, interval and count under METRIC.SLICE.LABEL, as MLflow's search takes them."""
    run_id = tracker.log(replace(experiment, suite="slices"))
    metrics = client.get_run(run_id).data.metrics
    assert metrics["rouge1.language.en"] == (0.25 + 0.75) / 2
    assert metrics["rouge1.language.en_n"] == 2
    assert metrics["rouge1.language.de"] == 0.5  # its other example failed
    assert metrics["rouge1.language.de_n"] == 1
    assert metrics["rouge1.language.en_lower"] < 0.5 < metrics["rouge1.language.en_upper"]
    found = mlflow.search_runs(
        experiment_names=["slices"], filter_string="metrics.`rouge1.language.en` > 0.4"
    )
    assert list(found["run_id"]) == [run_id]


def test_a_run_has_its_commit_versions_and_description(
    tracker: MlflowTracker, client: MlflowClient, experiment: Experiment
) -> None:
    """Where MLflow's pages look for them; tags that are given win."""
    given = {"evalhub.git_commit": "c" * 40, "evalhub.git_branch": "main"}
    tags = client.get_run(tracker.log(experiment, tags=given)).data.tags
    assert tags["mlflow.source.git.commit"] == "c" * 40
    assert tags["mlflow.source.git.branch"] == tags["evalhub.git_branch"] == "main"
    assert tags["evalhub.version"]
    assert "| rouge1 | 0.5 | 0.4 to 0.6 | 3 | 1 |" in tags["mlflow.note.content"]


def test_more_than_mlflow_takes_at_once_is_sent_in_parts(
    tracker: MlflowTracker, client: MlflowClient, experiment: Experiment
) -> None:
    """400 metrics (3,200 figures, 800 tags), 250 params, one beyond its length: all come back."""
    summaries = tuple(
        MetricSummary(f"metric number {n}", f"sig {n}|v:1", 3, n / 7, 0.1, 0.0, 1.0)
        for n in range(400)
    )
    params = {f"param {n}": "värde " * 900 for n in range(250)} | {"long": "x" * 7_000}
    large = replace(experiment, suite="large", summaries=summaries, params=params)
    run_id = tracker.log(large)
    assert tracker.load(run_id) == replace(large, run_id=run_id)
    [info] = tracker.list_runs("large")
    assert info.summaries == summaries
    data = client.get_run(run_id).data
    assert len(data.params) == 251
    assert data.params["long"].endswith("... [cut]")
    assert len(data.params["long"]) == 6_000


ODD = ("a/../b", "recall@5", "recall_5", "ünïcode 分数", "x" * 400, "..", "a//b", "m", "m_n", "?")


def test_odd_names_and_texts_come_back(
    tracker: MlflowTracker, client: MlflowClient, experiment: Experiment
) -> None:
    """Of suite, target, metrics, params and slices; two that look alike stay two."""
    summaries = tuple(
        MetricSummary(name, f"{name}|v:1", 1, float(place), None, None, None)
        for place, name in enumerate(ODD)
    )
    [first, *_] = experiment.results
    odd = replace(
        experiment,
        suite='it\'s "odd" / süß' + "s" * 300,
        target='a\'s "b"[c=d/e]',
        name="n" * 300,
        dataset_name="d" * 600,
        summaries=summaries,
        params=dict.fromkeys(ODD, "\0 value"),
        results=(
            replace(
                first,
                scores=(Score("m", 0.5, "m|v:1"),),
                slices={"lang/uage ?": "de @ \n home", "": ""},
            ),
        ),
    )
    tags = {ATTEMPT_TAG: f"1/{odd.target}"}
    run_id = tracker.log(odd, tags=tags)
    assert tracker.load(run_id) == replace(odd, run_id=run_id)
    [info] = tracker.list_runs(odd.suite, where=RunFilter(target=odd.target))
    assert [(item.name, item.mean) for item in info.summaries] == [
        (name, float(place)) for place, name in enumerate(ODD)
    ]
    assert tracker.find(odd.suite, ATTEMPT_TAG, f"1/{odd.target}") == run_id
    assert tracker.find(odd.suite, ATTEMPT_TAG, f"1/{odd.target}!") is None
    assert tracker.find(odd.suite, ATTEMPT_TAG, '1/a_s "b"[c=d/e]') is None


@settings(max_examples=300)
@given(names=st.lists(st.text(min_size=1), unique=True, max_size=5))
def test_every_name_becomes_one_that_mlflow_takes(names: list[str]) -> None:
    """By MLflow's own checks, with all endings; no two names share a key."""
    keys = metric_keys(names)
    derived = [f"{key}{ending}" for key in keys.values() for ending in ("", "_lower", "_unparsed")]
    for key in (*derived, *unique_keys(names).values()):
        _validate_metric_name(key)  # type: ignore[no-untyped-call]  # MLflow's own check
        _validate_tag_name(f"evalhub.signature.{key}")  # type: ignore[no-untyped-call]  # the same
        assert len(f"evalhub.signature.{key}") <= 250
    assert len(set(derived)) == len(derived)
    assert len(set(unique_keys(names).values())) == len(names)


@pytest.mark.parametrize(
    ("name", "key"),
    [("rouge1", "rouge1"), ("recall@5", "recall_5"), ("hf:bleu", "hf_bleu"), ("a/b", "a/b")],
)
def test_plain_names_stay_as_they_are(name: str, key: str) -> None:
    """Runs that were kept before are read by the same keys."""
    assert clean_key(name) == key


def test_a_cut_text_says_so() -> None:
    """And one that fits is left alone, but for what cannot be sent."""
    assert cut_value("x" * 20, 15) == "x" * 6 + "... [cut]"
    assert cut_value("x" * 15, 15) == "x" * 15
    assert cut_value("a\0b\ud83d", 15) == "a�b?"


def test_the_table_is_capped_and_the_record_is_whole(
    tracker: MlflowTracker, client: MlflowClient, experiment: Experiment, evalhub_home: Path
) -> None:
    """MLflow's pages load the table whole; a tag says that it is not all."""
    [first, *_] = experiment.results
    many = tuple(replace(first, example_id=str(number)) for number in range(TABLE_ROWS + 7))
    run_id = tracker.log(replace(experiment, suite="capped", results=many))
    run = client.get_run(run_id)
    assert run.data.tags["evalhub.table"] == "the first 5000 of 5007 results"
    table = json.loads(mlflow.artifacts.load_text(f"{run.info.artifact_uri}/results.json"))
    assert len(table["data"]) == TABLE_ROWS
    path = mlflow.artifacts.download_artifacts(f"{run.info.artifact_uri}/results.parquet")
    assert len(pandas.read_parquet(path)) == TABLE_ROWS + 7
    assert run.inputs is not None
    [dataset_input] = run.inputs.dataset_inputs
    assert json.loads(dataset_input.dataset.profile or "")["num_rows"] == TABLE_ROWS + 7


def test_cells_of_a_matrix_lie_under_a_parent_that_names_the_best(
    tracker: MlflowTracker, client: MlflowClient, experiment: Experiment
) -> None:
    """One parent an attempt; less is better of latency; equals share; a partial one never is."""
    for group, means in (("1/answers", (0.2, 0.9, 0.5)), ("2/answers", (0.8, 0.1, 0.8))):
        for number, mean in enumerate(means):
            [rouge, latency] = experiment.summaries
            cell = replace(
                experiment,
                suite="matrix",
                target=f"answers[model={number}]",
                summaries=(replace(rouge, mean=mean), replace(latency, mean=mean)),
            )
            tracker.log(cell, tags={GROUP_TAG: group})
        tracker.log(
            replace(cell, summaries=(replace(rouge, mean=1.0),)),
            tags={GROUP_TAG: group, PARTIAL_TAG: "the budget is spent"},
        )
    [found] = client.search_experiments(filter_string="name = 'matrix'")
    runs = client.search_runs([found.experiment_id])
    parents = [run for run in runs if "evalhub.parent_of" in run.data.tags]
    assert sorted(run.data.tags["evalhub.best.rouge1"] for run in parents) == [
        "answers[model=0], answers[model=2]",
        "answers[model=1]",
    ]
    first = next(run for run in parents if run.data.tags["evalhub.parent_of"] == "1/answers")
    assert first.info.run_name == "answers"
    assert first.data.metrics == {"rouge1": 0.9, "latency_ms": 0.2}
    assert first.data.tags["evalhub.best.latency_ms"] == "answers[model=0]"
    nested = f"tags.`mlflow.parentRunId` = '{first.info.run_id}'"
    assert len(client.search_runs([found.experiment_id], nested)) == 4
    assert len(tracker.list_runs("matrix")) == 8, "a parent is no run of a target"


def test_runs_are_filtered(tracker: MlflowTracker, experiment: Experiment) -> None:
    """By target, branch, verdict and start, and by all of them together."""
    later = replace(experiment, suite="filters", start_ns=experiment.start_ns + 10**9)
    tags = [
        {"evalhub.git_branch": "main", "evalhub.verdict": "pass"},
        {"evalhub.git_branch": "main", "evalhub.verdict": "fail"},
        {"evalhub.git_branch": "topic", "evalhub.verdict": "pass"},
    ]
    a = tracker.log(replace(experiment, suite="filters"), tags=tags[0])
    b = tracker.log(later, tags=tags[1])
    c = tracker.log(replace(later, target="other"), tags=tags[2])
    for where, expected in (
        (RunFilter(), {a, b, c}),
        (RunFilter(verdict="pass"), {a, c}),
        (RunFilter(branch="main"), {a, b}),
        (RunFilter(target="other"), {c}),
        (RunFilter(since_ns=later.start_ns), {b, c}),
        (RunFilter("candidate", "main", "fail", later.start_ns), {b}),
        (RunFilter(branch='it\'s "main"'), set()),
    ):
        assert {run.run_id for run in tracker.list_runs("filters", where=where)} == expected


def test_what_a_kill_left_half_is_gone_when_the_run_is_logged_again(
    tracker: MlflowTracker, client: MlflowClient, experiment: Experiment, tmp_path: Path
) -> None:
    """Neither a second run nor one that seems to run for ever."""
    experiment = replace(experiment, suite="killed")
    tags = {ATTEMPT_TAG: "1/candidate"}
    experiment_id = client.create_experiment("killed", artifact_location=tmp_path.as_uri())
    half = client.create_run(experiment_id, tags=tags).info.run_id
    failed = client.create_run(experiment_id, tags=tags).info.run_id
    client.set_terminated(failed, status="FAILED")
    other = client.create_run(experiment_id, tags={ATTEMPT_TAG: "1/other"}).info.run_id
    run_id = tracker.log(experiment, tags=tags)
    assert {run.info.run_id for run in client.search_runs([experiment_id])} == {run_id, other}
    for gone in (half, failed):
        assert client.get_run(gone).info.lifecycle_stage == "deleted"


def test_a_suite_whose_mlflow_experiment_was_deleted_says_how_to_restore_it(
    tracker: MlflowTracker, client: MlflowClient, experiment: Experiment, tmp_path: Path
) -> None:
    """MLflow keeps the name for it."""
    experiment_id = client.create_experiment("gone", artifact_location=tmp_path.as_uri())
    client.delete_experiment(experiment_id)
    with pytest.raises(TrackerError, match=f"restore --experiment-id {experiment_id}"):
        tracker.log(replace(experiment, suite="gone"))
    client.restore_experiment(experiment_id)
    tracker.log(replace(experiment, suite="gone"))


def test_figures_that_are_no_finite_number_are_no_obstacle(
    tracker: MlflowTracker, experiment: Experiment
) -> None:
    """A metric of somebody else's may give anything."""
    odd = MetricSummary("odd", "odd|v:1", 1, math.inf, None, -math.inf, math.inf, bounds=None)
    strange = replace(experiment, suite="infinite", summaries=(odd,))
    run_id = tracker.log(strange)
    assert tracker.load(run_id).summaries == (odd,)
