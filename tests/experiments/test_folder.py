"""Experiments as plain files."""

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.errors import TrackerError
from evalhub.experiments import RunFilter
from evalhub.experiments.document import read_experiment, write_files
from evalhub.experiments.folder import FolderTracker
from evalhub.model import ExampleResult, Experiment, MetricSummary, Score


@pytest.fixture
def tracker(tmp_path: Path) -> FolderTracker:
    """Return a tracker on a folder that is not there yet."""
    return FolderTracker(tmp_path / "runs")


def test_an_experiment_comes_back_equal(tracker: FolderTracker, experiment: Experiment) -> None:
    """Every field survives, infinite bounds and the bits of floats as well."""
    run_id = tracker.log(experiment)
    assert tracker.load(run_id) == replace(experiment, run_id=run_id)


_texts = st.text(st.characters(), max_size=20)  # half surrogate pairs as well, and NUL
_numbers = st.floats(allow_nan=False)
_results = st.builds(
    ExampleResult,
    example_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    output=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    latency_ms=st.none() | _numbers,
    scores=st.lists(
        st.builds(Score, st.just("m"), _numbers | st.none(), st.just("m|v:1")), max_size=2
    ).map(tuple),
    inputs=st.dictionaries(_texts, _texts | st.integers() | st.none(), max_size=3),
    slices=st.dictionaries(_texts, _texts, max_size=2),
    finish_reason=st.none() | st.sampled_from(["stop", "length"]),
)


@settings(max_examples=40, deadline=None)
@given(results=st.lists(_results, max_size=4).map(tuple))
def test_whatever_is_in_them_results_come_back_equal(
    tmp_path_factory: pytest.TempPathFactory, results: tuple[ExampleResult, ...]
) -> None:
    """Odd letters, half surrogate pairs in inputs, numbers beyond 64 bits, empty lists."""
    folder = tmp_path_factory.mktemp("files")
    bare = Experiment("n", "s", "t", "d", "v", results, (), run_id="r")
    write_files(bare, folder, {})
    assert read_experiment(folder, run_id="r") == bare


def test_an_output_that_utf_8_cannot_hold_is_kept_with_a_mark(
    tracker: FolderTracker, experiment: Experiment
) -> None:
    """Half a surrogate pair, which an answer that was cut off may end in, costs no run."""
    [first, *others] = experiment.results
    cut = replace(experiment, results=(replace(first, output="cut \ud83d"), *others))
    assert tracker.load(tracker.log(cut)).results[0].output == "cut ?"


def test_the_files_are_plain_ones(tracker: FolderTracker, experiment: Experiment) -> None:
    """JSON and Parquet readers of others read them."""
    folder = tracker.root / tracker.log(experiment, tags={"evalhub.verdict": "pass"})
    header = json.loads((folder / "experiment.json").read_text(encoding="utf-8"))
    assert (header["target"], header["tags"]["evalhub.verdict"]) == ("candidate", "pass")
    frame = pandas.read_parquet(folder / "results.parquet")
    assert list(frame["example_id"]) == ["e0", "e1", "e2", "e3"]


def test_runs_are_found_by_suite_tags_and_filter(
    tracker: FolderTracker, experiment: Experiment
) -> None:
    """The newest comes first; each part of a filter leaves out the others."""
    later = replace(experiment, start_ns=experiment.start_ns + 10**9)
    first = tracker.log(experiment, tags={"evalhub.verdict": "pass", "evalhub.git_branch": "main"})
    second = tracker.log(later, tags={"evalhub.verdict": "fail", "evalhub.git_branch": "topic"})
    other = tracker.log(replace(later, suite="other", target="old"))
    assert [run.run_id for run in tracker.list_runs("summaries")] == [second, first]
    assert [run.run_id for run in tracker.list_runs("summaries", limit=1)] == [second]
    for where, expected in (
        (RunFilter(verdict="pass"), {first}),
        (RunFilter(branch="topic"), {second}),
        (RunFilter(target="old"), {other}),
        (RunFilter(since_ns=later.start_ns), {second, other}),
    ):
        assert {run.run_id for run in tracker.list_runs(where=where)} == expected
    assert tracker.find("summaries", "evalhub.verdict", "pass") == first
    assert tracker.find("summaries", "evalhub.target", "candidate") == second
    assert tracker.find("other", "evalhub.verdict", "pass") is None


def test_tags_and_files_are_added_to_a_kept_run(
    tracker: FolderTracker, experiment: Experiment, tmp_path: Path
) -> None:
    """What was there under the name is replaced; the experiment stays as it is."""
    report = tmp_path / "report.md"
    report.write_text("old")
    run_id = tracker.log(experiment, artifacts=[report], tags={"evalhub.verdict": "fail"})
    report.write_text("new")
    tracker.attach(run_id, [report])
    tracker.tag(run_id, {"evalhub.verdict": "pass"})
    [kept] = tracker.artifacts(run_id)
    assert (kept.name, kept.read_text()) == ("report.md", "new")
    assert tracker.info(run_id).tags["evalhub.verdict"] == "pass"
    assert tracker.load(run_id) == replace(experiment, run_id=run_id)


def test_a_run_that_could_not_be_kept_leaves_nothing(
    tracker: FolderTracker, experiment: Experiment, tmp_path: Path
) -> None:
    """A missing file is one line, and no half run is listed or left on the disk."""
    with pytest.raises(TrackerError, match="cannot be written") as caught:
        tracker.log(experiment, artifacts=[tmp_path / "absent"])
    assert "\n" not in str(caught.value)
    assert tracker.list_runs() == []
    assert list(tracker.root.iterdir()) == []


@pytest.mark.parametrize("run_id", ["absent", "../other", "", ".", "a/b"])
def test_an_unknown_run_is_one_line(tracker: FolderTracker, run_id: str) -> None:
    """So is a name that would lead out of the folder."""
    with pytest.raises(TrackerError, match="no run"):
        tracker.load(run_id)


@pytest.mark.parametrize("content", ["{", "[]", '{"format": "1"}', '{"format": "9"}'])
def test_a_damaged_file_is_one_line(
    tracker: FolderTracker, experiment: Experiment, content: str
) -> None:
    """JSON cut short, of another kind, or of a newer evalhub."""
    run_id = tracker.log(experiment)
    (tracker.root / run_id / "experiment.json").write_text(content)
    with pytest.raises(TrackerError, match=r"damaged|cannot be read|upgrade"):
        tracker.load(run_id)


def test_a_folder_that_cannot_be_made_is_found_by_check(tmp_path: Path) -> None:
    """Before anything is paid for."""
    (tmp_path / "file").touch()
    with pytest.raises(TrackerError, match="cannot be written"):
        FolderTracker(tmp_path / "file" / "runs").check()
    fresh = FolderTracker(tmp_path / "new")
    fresh.check()
    assert os.listdir(fresh.root) == []


def test_many_results_come_back_in_order(tracker: FolderTracker, experiment: Experiment) -> None:
    """More than one row group of the Parquet file."""
    [first, *_] = experiment.results
    many = tuple(replace(first, example_id=str(number)) for number in range(12_001))
    summary = MetricSummary("m", "m|v:1", 0, None, None, None, None, bounds=(-math.inf, math.inf))
    large = replace(experiment, results=many, summaries=(summary,))
    run_id = tracker.log(large)
    assert tracker.load(run_id) == replace(large, run_id=run_id)
