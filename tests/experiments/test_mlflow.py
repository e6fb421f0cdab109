"""Experiments in a real MLflow: round trip, what MLflow itself shows, failures."""

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlparse
from urllib.request import url2pathname

import mlflow
import pandas
import pytest
from mlflow import MlflowClient

from evalhub.errors import MissingExtraError, TrackerError, TrackerUnavailableError
from evalhub.experiments import RunFilter
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.model import ExampleResult, Experiment, MetricSummary, Score, ScoreState, Usage


class MlflowServer(Protocol):
    """What the fixture ``server`` gives."""

    url: str
    stop: Callable[[], None]


RESULTS = (
    ExampleResult(
        example_id="a",
        output="Ärger 🙂\nand a line",
        trace_id="ab" * 16,
        latency_ms=0.1 + 0.2,
        usage=Usage(7, 2, cache_read_tokens=1),
        cost_usd=1e-7,
        cluster="w",
        scores=(
            Score("rouge1", 1 / 3, "rouge1|stem:porter|v:1"),
            Score("recall@5", None, "recall|k:5|v:1", ScoreState.SKIPPED),
            Score("rubric", 4.0, "rubric|v:1", label="good", explanation="because"),
        ),
        inputs={"text": "x", "deep": {"list": [1, None, 2.5]}},
        references=("r", "s"),
    ),
    ExampleResult(
        example_id="b",
        output=None,
        repeat=1,
        error="ValueError: no",
        scores=(Score("rouge1", None, "rouge1|stem:porter|v:1", ScoreState.ERRORED),),
    ),
)
EXPERIMENT = Experiment(
    name="candidate-1",
    suite="summaries",
    target="candidate",
    dataset_name="papers",
    dataset_version="c0ffee" * 10 + "beef",
    results=RESULTS,
    summaries=(
        MetricSummary("rouge1", "rouge1|stem:porter|v:1", 1, 1 / 3, None, None, None, errored=1),
        MetricSummary("recall@5", "recall|k:5|v:1", 0, None, None, None, None, 0, 1, 1),
        MetricSummary("rubric", "rubric|v:1", 1, 4.0, None, None, None, bounds=(1.0, 5.0)),
        MetricSummary("hf:bleu", "hf:bleu|v:1", 0, None, None, None, None, bounds=None),
        MetricSummary(
            "latency_ms", "latency_ms|v:1", 2, 250.5, 0.1, 250.3, 250.7, bounds=(0.0, math.inf)
        ),
    ),
    params={"model": "local", "max_tokens": "200"},
    start_ns=1_700_000_000_123_456_789,
    end_ns=1_700_000_001_123_456_789,
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URI of one SQLite MLflow for this file: making one takes 5 s."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture
def tracker(url: str) -> MlflowTracker:
    """Return a tracker of its own on the shared MLflow."""
    return MlflowTracker(url)


@contextmanager
def tracking_uri(url: str) -> Iterator[None]:
    """Point MLflow's own functions to *url*, as a user of MLflow does."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(url)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)


def test_an_experiment_comes_back_equal(tracker: MlflowTracker) -> None:
    """Every field survives, to the last bit of the floats."""
    run_id = tracker.log(EXPERIMENT)
    assert tracker.load(run_id) == replace(EXPERIMENT, run_id=run_id)


def test_a_run_logged_before_bounds_were_reads_as_0_to_1(tracker: MlflowTracker, url: str) -> None:
    """An older run lacks the tags of the bounds and the JSON; everything else is there."""
    run_id = tracker.log(EXPERIMENT)
    client = MlflowClient(url)
    stored = url2pathname(urlparse(client.get_run(run_id).info.artifact_uri).path)
    (Path(stored) / "experiment.json").unlink()
    for name in client.get_run(run_id).data.tags:
        if name.startswith("evalhub.bounds."):
            client.delete_tag(run_id, name)
    expected = tuple(replace(item, bounds=(0.0, 1.0)) for item in EXPERIMENT.summaries)
    assert tracker.load(run_id) == replace(EXPERIMENT, run_id=run_id, summaries=expected)


def test_an_experiment_without_results_comes_back(tracker: MlflowTracker) -> None:
    """No result, no metric and no param is still an experiment."""
    bare = replace(EXPERIMENT, suite="bare", results=(), summaries=(), params={})
    run_id = tracker.log(bare)
    assert tracker.load(run_id) == replace(bare, run_id=run_id)


def test_runs_are_listed_newest_first(tracker: MlflowTracker) -> None:
    """The list has the summaries, and can be of one suite."""
    later = replace(EXPERIMENT, suite="nights", start_ns=EXPERIMENT.start_ns + 10**9)
    first = tracker.log(replace(EXPERIMENT, suite="nights"))
    second = tracker.log(later)
    runs = tracker.list_runs("nights")
    assert [run.run_id for run in runs] == [second, first]
    assert runs[0].summaries == EXPERIMENT.summaries
    assert runs[0].start_ns == later.start_ns
    assert tracker.list_runs("nights", limit=1) == runs[:1]
    assert tracker.list_runs("no such suite") == []
    assert {run.run_id for run in tracker.list_runs()} >= {first, second}


def test_mlflow_s_own_search_finds_the_figures(tracker: MlflowTracker, url: str) -> None:
    """Means, interval ends, counts and params are plain MLflow metrics and params."""
    run_id = tracker.log(replace(EXPERIMENT, suite="searched"))
    with tracking_uri(url):
        frame = mlflow.search_runs(experiment_names=["searched"])
    row = frame.iloc[0]
    assert row["run_id"] == run_id
    assert row["status"] == "FINISHED"
    assert row["metrics.rouge1"] == 1 / 3
    assert row["metrics.rouge1_errored"] == 1
    assert row["metrics.latency_ms_lower"] == 250.3
    assert row["metrics.latency_ms_upper"] == 250.7
    assert row["metrics.recall_5_skipped"] == 1
    assert "metrics.recall_5" not in frame.columns
    assert row["params.max_tokens"] == "200"
    assert row["tags.evalhub.signature.rouge1"] == "rouge1|stem:porter|v:1"


def test_mlflow_shows_the_dataset_and_the_table(
    tracker: MlflowTracker, url: str, evalhub_home: Path, tmp_path: Path
) -> None:
    """The dataset input carries the version; the table is one that MLflow loads."""
    suite_file = tmp_path / "suite.yaml"
    suite_file.write_text("name: shown\n")
    run_id = tracker.log(replace(EXPERIMENT, suite="shown"), artifacts=[suite_file])
    client = MlflowClient(url)
    run = client.get_run(run_id)
    assert run.inputs is not None
    [dataset_input] = run.inputs.dataset_inputs
    assert dataset_input.dataset.name == "papers"
    assert EXPERIMENT.dataset_version.startswith(dataset_input.dataset.digest)
    assert json.loads(run.data.tags["mlflow.loggedArtifacts"]) == [
        {"path": "results.json", "type": "table"}
    ]
    with tracking_uri(url):
        table = client.load_table(run.info.experiment_id, "results.json", [run_id])
    assert list(table["example_id"]) == ["a", "b"]
    assert math.isclose(table["rouge1"][0], 1 / 3)
    assert next(iter(table["trace_id"])) == "ab" * 16
    files = sorted(item.path for item in client.list_artifacts(run_id))
    assert files == ["experiment.json", "results.json", "results.parquet", "suite.yaml"]
    stored = evalhub_home / "mlartifacts" / run_id / "artifacts" / "results.parquet"
    assert pandas.read_parquet(stored)["output"][0] == RESULTS[0].output


def test_the_process_s_own_mlflow_is_left_alone(tracker: MlflowTracker) -> None:
    """Neither the tracking URI nor an active run of the user's changes."""
    before = mlflow.get_tracking_uri()
    tracker.log(replace(EXPERIMENT, suite="aside"))
    assert mlflow.get_tracking_uri() == before
    assert mlflow.active_run() is None


def test_what_was_not_logged_by_evalhub_is_refused(tracker: MlflowTracker, url: str) -> None:
    """An unknown id and a foreign run are one line each; the list leaves them out."""
    with pytest.raises(TrackerError, match="not found") as caught:
        tracker.load("f" * 32)
    assert "\n" not in str(caught.value)
    client = MlflowClient(url)
    foreign = client.create_run(client.create_experiment("foreign")).info.run_id
    with pytest.raises(TrackerError, match="not logged by this evalhub"):
        tracker.load(foreign)
    assert tracker.list_runs("foreign") == []


def test_a_run_that_could_not_be_kept_is_marked_failed(
    tracker: MlflowTracker, url: str, tmp_path: Path
) -> None:
    """A missing artifact is an error, and no half run is listed."""
    experiment = replace(EXPERIMENT, suite="halves")
    with pytest.raises(TrackerError, match="cannot be used"):
        tracker.log(experiment, artifacts=[tmp_path / "absent.yaml"])
    client = MlflowClient(url)
    found = client.get_experiment_by_name("halves")
    assert found is not None
    assert [run.info.status for run in client.search_runs([found.experiment_id])] == ["FAILED"]
    assert tracker.list_runs("halves") == []


def test_an_mlflow_that_is_not_there_has_no_runs(evalhub_home: Path) -> None:
    """Reading makes no database: that would take 5 s and surprise."""
    tracker = MlflowTracker()
    assert tracker.list_runs() == []
    with pytest.raises(TrackerError, match="no MLflow at"):
        tracker.load("f" * 32)
    assert list(evalhub_home.iterdir()) == []


def test_a_server_that_does_not_answer_is_one_line_at_once() -> None:
    """The password in its address is not shown."""
    tracker = MlflowTracker("http://me:secret@127.0.0.1:9")
    with pytest.raises(TrackerError, match="no MLflow server answers") as caught:
        tracker.list_runs()
    assert "secret" not in str(caught.value)


def test_check_finds_out_before_there_is_anything_to_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is down and a package that is absent are errors; a new file is made."""
    with pytest.raises(TrackerError, match="no MLflow server answers"):
        MlflowTracker("http://127.0.0.1:9").check()
    file = tmp_path / "new" / "mlflow.db"
    MlflowTracker(f"sqlite:///{file}").check()
    assert file.is_file()
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match=r"evalhub\[mlflow\]"):
        MlflowTracker(f"sqlite:///{file}").check()


@pytest.mark.slow
def test_a_real_server_keeps_experiments(
    server: MlflowServer, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Over HTTP the experiment comes back equal, MLflow's search has it, nothing is printed.

    A server that then goes down is told from one that refuses.
    """
    report = tmp_path / "report.html"
    report.write_text("<p>report</p>")
    tracker = MlflowTracker(server.url)
    run_id = tracker.log(EXPERIMENT, tags={"evalhub.git_branch": "main"})
    tracker.attach(run_id, [report])
    tracker.tag(run_id, {"evalhub.verdict": "pass"})
    assert tracker.load(run_id) == replace(EXPERIMENT, run_id=run_id)
    where = RunFilter(target="candidate", branch="main", verdict="pass")
    assert [run.run_id for run in tracker.list_runs("summaries", where=where)] == [run_id]
    with tracking_uri(server.url):
        frame = mlflow.search_runs(
            experiment_names=["summaries"], filter_string="metrics.rouge1 > 0.2"
        )
        files = {item.path for item in MlflowClient().list_artifacts(run_id)}
    assert list(frame["run_id"]) == [run_id]
    assert {"experiment.json", "results.parquet", "report.html"} <= files
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")
    with pytest.raises(TrackerError) as caught:
        tracker.tag("0" * 32, {"a": "b"})
    assert not isinstance(caught.value, TrackerUnavailableError)
    server.stop()
    with pytest.raises(TrackerUnavailableError, match="no MLflow server answers"):
        tracker.log(EXPERIMENT)
