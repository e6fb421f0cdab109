"""The outbox when something in it is damaged, refused, or changed while it is sent."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evalhub.cli.app import build
from evalhub.errors import TrackerError
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.outbox import Outbox
from evalhub.experiments.outbox_tracker import OutboxTracker
from evalhub.experiments.tags import VERDICT_TAG
from evalhub.model import Experiment


class _Watched(FolderTracker):
    """A real folder tracker that refuses a target, or does something while it takes a run."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.refused_target = ""
        self.meanwhile: Callable[[], None] | None = None

    def log(
        self,
        experiment: Experiment,
        *,
        artifacts: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        if experiment.target == self.refused_target:
            raise TrackerError("the MLflow experiment was deleted")
        run_id = super().log(experiment, artifacts=artifacts, tags=tags)
        if self.meanwhile is not None:
            self.meanwhile()
        return run_id


@pytest.fixture
def far(tmp_path: Path) -> _Watched:
    """Return the tracker that runs are sent to."""
    return _Watched(tmp_path / "far")


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """Return an empty outbox."""
    return Outbox(tmp_path / "unsent")


def test_what_cannot_be_sent_keeps_nothing_behind_it(
    far: _Watched, outbox: Outbox, experiment: Experiment
) -> None:
    """A refused run, a damaged one and tags for a run that is gone stay, and are named."""
    far.refused_target = "refused"
    refused = outbox.runs.log(replace(experiment, target="refused", start_ns=1))
    damaged = outbox.runs.log(replace(experiment, target="damaged", start_ns=2))
    (outbox.root / damaged / "results.parquet").write_bytes(b"PAR1")
    headless = outbox.runs.log(experiment)
    (outbox.root / headless / "experiment.json").write_text('{"format": "1"}')
    outbox.keep_addition("gone", {VERDICT_TAG: "pass"})
    outbox.runs.log(replace(experiment, target="good", start_ns=3))
    sent = []
    with pytest.raises(TrackerError, match="Delete a folder to give up") as told:
        sent += [one.target for one in outbox.send(far)]
    assert [run.target for run in far.list_runs()] == ["good"]
    for stays in (refused, damaged, headless, "gone."):
        assert stays in str(told.value)
    assert [run.target for run in outbox.waiting()] == ["refused", "damaged"]


def test_a_verdict_that_comes_while_its_run_is_sent_is_not_lost(
    far: _Watched, outbox: Outbox, experiment: Experiment, tmp_path: Path
) -> None:
    """Tags and reports that the run got meanwhile go to the tracker's run."""
    report = tmp_path / "report.md"
    report.write_text("good")
    tracker = OutboxTracker(far, outbox)
    run_id = outbox.runs.log(experiment)

    def decide() -> None:
        tracker.tag(run_id, {VERDICT_TAG: "pass"})
        tracker.attach(run_id, [report])

    far.meanwhile = decide
    [sent] = outbox.send(far)
    assert far.info(sent.run_id).tags[VERDICT_TAG] == "pass"
    assert [path.name for path in far.artifacts(sent.run_id)] == ["report.md"]
    tracker.tag(run_id, {"evalhub.alias.production": "true"})
    assert far.info(sent.run_id).tags["evalhub.alias.production"] == "true"


def test_late_tags_are_sent_in_the_order_in_which_they_came(
    far: _Watched, outbox: Outbox, experiment: Experiment
) -> None:
    """The last verdict is the one that counts."""
    run_id = far.log(experiment)
    for number in range(12):
        outbox.keep_addition(run_id, {VERDICT_TAG: str(number)})
    assert list(outbox.send(far)) == []
    assert far.info(run_id).tags[VERDICT_TAG] == "11"


def test_a_damaged_list_of_what_was_sent_is_no_obstacle(
    far: _Watched, outbox: Outbox, experiment: Experiment
) -> None:
    """A run goes out all the same, and other runs are found."""
    outbox.root.mkdir()
    (outbox.root / "sent.json").write_text('{"unsent-1": ')
    run_id = outbox.runs.log(experiment)
    [sent] = outbox.send(far)
    assert outbox.sent_as(run_id) == sent.run_id


def test_list_names_a_damaged_run_and_shows_the_others(
    tmp_path: Path, experiment: Experiment
) -> None:
    """One damaged file does not stop the list."""
    kept = FolderTracker(tmp_path)
    good, bad = kept.log(experiment), kept.log(experiment)
    header = tmp_path / bad / "experiment.json"
    header.write_text(json.dumps({**json.loads(header.read_text()), "summaries": [{"name": 1}]}))
    arguments = ["eval", "list", "--folder", str(tmp_path), "--json"]
    done = CliRunner().invoke(build(["eval"]), arguments)
    assert done.exit_code == 0, done.stderr
    assert [run["run_id"] for run in json.loads(done.stdout)] == [good]
    assert f"left out: the experiment.json of run '{bad}' is damaged" in done.stderr
