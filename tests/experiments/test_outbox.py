"""Runs that the tracker does not take now: kept, sent later, each once."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evalhub.cli.app import build
from evalhub.errors import TrackerError, TrackerUnavailableError
from evalhub.experiments import RunFilter, RunInfo
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.experiments.outbox import Outbox, Sent, unsent_note
from evalhub.experiments.outbox_tracker import OutboxTracker
from evalhub.experiments.tags import ATTEMPT_TAG, LOCAL_TAG
from evalhub.model import Experiment

DOWN = "http://127.0.0.1:9"


@dataclass
class _Flaky(FolderTracker):
    """A real folder tracker behind a fake line: it can be cut, and be lost in an answer."""

    root: Path
    is_up: bool = True
    loses_answers: bool = False
    refuses: bool = False
    calls: list[str] = field(default_factory=list)
    _prefix: str = ""

    def check(self) -> None:
        self._knock("check")
        super().check()

    def log(
        self,
        experiment: Experiment,
        *,
        artifacts: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        self._knock("log")
        if self.refuses:
            raise TrackerError("no")
        run_id = super().log(experiment, artifacts=artifacts, tags=tags)
        if self.loses_answers:
            raise TrackerUnavailableError("the answer is lost")
        return run_id

    def find(self, suite: str, tag: str, value: str) -> str | None:
        self._knock("find")
        return super().find(suite, tag, value)

    def newest(self, suite: str, tags: Mapping[str, str]) -> RunInfo | None:
        self._knock("newest")
        return super().newest(suite, tags)

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        self._knock("tag")
        super().tag(run_id, tags)

    def attach(self, run_id: str, files: Sequence[Path]) -> None:
        self._knock("attach")
        super().attach(run_id, files)

    def list_runs(
        self, suite: str | None = None, *, limit: int = 100, where: RunFilter | None = None
    ) -> list[RunInfo]:
        self._knock("list_runs")
        return super().list_runs(suite, limit=limit, where=where)

    def _knock(self, call: str) -> None:
        self.calls.append(call)
        if not self.is_up:
            raise TrackerUnavailableError("down")


@pytest.fixture
def far(tmp_path: Path) -> _Flaky:
    """Return the tracker that may be down."""
    return _Flaky(tmp_path / "far")


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """Return an empty outbox."""
    return Outbox(tmp_path / "unsent")


def test_what_is_logged_while_it_is_down_is_sent_later(
    far: _Flaky, outbox: Outbox, experiment: Experiment, tmp_path: Path
) -> None:
    """The run with its tags and files, those added afterwards too; then nothing is left."""
    suite = tmp_path / "suite.yaml"
    suite.write_text("name: s\n")
    notes: list[str] = []
    far.is_up = False
    tracker = OutboxTracker(far, outbox, on_note=notes.append)
    tracker.check()
    local_id = tracker.log(experiment, artifacts=[suite], tags={ATTEMPT_TAG: "1/candidate"})
    tracker.tag(local_id, {"evalhub.verdict": "fail"})
    tracker.attach(local_id, [suite])
    assert tracker.load(local_id) == replace(experiment, run_id=local_id)
    assert tracker.find("summaries", ATTEMPT_TAG, "1/candidate") == local_id
    assert [run.run_id for run in outbox.waiting()] == [local_id]
    assert len(notes) == 1
    assert "evalhub eval sync" in notes[0]

    far.is_up = True
    [sent] = outbox.send(far)
    assert sent == Sent(local_id, sent.run_id, "summaries", "candidate")
    assert far.load(sent.run_id) == replace(experiment, run_id=sent.run_id)
    tags = far.info(sent.run_id).tags
    assert (tags["evalhub.verdict"], tags[ATTEMPT_TAG]) == ("fail", "1/candidate")
    assert [path.name for path in far.artifacts(sent.run_id)] == ["suite.yaml"]
    assert outbox.waiting() == []
    assert list(outbox.send(far)) == []


def test_a_run_that_was_sent_is_still_known_by_its_old_id(
    far: _Flaky, outbox: Outbox, experiment: Experiment
) -> None:
    """A journal that noted it goes on after the runs were sent."""
    far.is_up = False
    local_id = OutboxTracker(far, outbox).log(experiment)
    far.is_up = True
    [sent] = outbox.send(far)
    later = OutboxTracker(far, outbox)
    assert later.load(local_id) == replace(experiment, run_id=sent.run_id)
    later.tag(local_id, {"evalhub.verdict": "pass"})
    assert far.info(sent.run_id).tags["evalhub.verdict"] == "pass"


def test_what_goes_down_after_the_log_gets_tags_and_files_later(
    far: _Flaky, outbox: Outbox, experiment: Experiment, tmp_path: Path
) -> None:
    """The verdict is known only when all targets are through."""
    report = tmp_path / "report.md"
    report.write_text("# report")
    tracker = OutboxTracker(far, outbox)
    run_id = tracker.log(experiment)
    far.is_up = False
    tracker.tag(run_id, {"evalhub.verdict": "pass"})
    tracker.attach(run_id, [report])
    assert outbox.late_additions() == [run_id]
    far.is_up = True
    assert list(outbox.send(far)) == []
    assert far.info(run_id).tags["evalhub.verdict"] == "pass"
    assert [path.name for path in far.artifacts(run_id)] == ["report.md"]
    assert outbox.late_additions() == []


def test_an_answer_that_is_lost_makes_no_second_run(
    far: _Flaky, outbox: Outbox, experiment: Experiment
) -> None:
    """The tracker took it, and nobody heard: the attempt's tag tells."""
    far.loses_answers = True
    OutboxTracker(far, outbox).log(experiment, tags={ATTEMPT_TAG: "1/candidate"})
    far.loses_answers = False
    assert len(outbox.waiting()) == 1
    [sent] = outbox.send(far)
    assert [run.run_id for run in far.list_runs()] == [sent.run_id]


def test_what_is_refused_is_kept_as_well(
    far: _Flaky, outbox: Outbox, experiment: Experiment
) -> None:
    """Its calls are paid for, whatever the tracker has against it; sync says it again."""
    far.refuses = True
    local_id = OutboxTracker(far, outbox).log(experiment)
    with pytest.raises(TrackerError, match="no"):
        list(outbox.send(far))
    assert [run.run_id for run in outbox.waiting()] == [local_id]


def test_which_run_is_newest_is_not_guessed(far: _Flaky, outbox: Outbox) -> None:
    """A baseline that cannot be looked up is an error, and not a first night."""
    far.is_up = False
    tracker = OutboxTracker(far, outbox)
    tracker.check()
    with pytest.raises(TrackerUnavailableError):
        tracker.newest("summaries", {"evalhub.verdict": "pass"})


def test_nothing_is_tried_again_once_it_is_down(
    far: _Flaky, outbox: Outbox, experiment: Experiment
) -> None:
    """Each try may cost seconds."""
    far.is_up = False
    tracker = OutboxTracker(far, outbox)
    tracker.check()
    tracker.tag(tracker.log(experiment), {"evalhub.verdict": "pass"})
    assert tracker.find("summaries", ATTEMPT_TAG, "1") is None
    assert far.calls == ["check"]


def test_runs_of_both_are_listed_newest_first(
    far: _Flaky, outbox: Outbox, experiment: Experiment
) -> None:
    """What was not sent is not forgotten."""
    first = OutboxTracker(far, outbox).log(experiment)
    far.is_up = False
    tracker = OutboxTracker(far, outbox)
    tracker.check()
    second = tracker.log(replace(experiment, start_ns=experiment.start_ns + 1))
    far.is_up = True
    listed = OutboxTracker(far, outbox).list_runs("summaries")
    assert [run.run_id for run in listed] == [second, first]


def test_two_processes_do_not_send_at_once(
    far: _Flaky, outbox: Outbox, experiment: Experiment
) -> None:
    """The second is told so, and nothing is sent twice."""
    outbox.runs.log(experiment)
    outbox.runs.log(experiment)
    sending = outbox.send(far)
    next(sending)
    with pytest.raises(TrackerError, match="another process"):
        list(Outbox(outbox.root).send(far))
    assert len(list(sending)) == 1
    assert len(far.list_runs()) == 2


def test_the_note_of_a_report_names_what_was_not_sent(
    far: _Flaky, outbox: Outbox, experiment: Experiment
) -> None:
    """And there is none where all was."""
    local_id = outbox.runs.log(experiment)
    note = unsent_note(["f" * 32, local_id, None])
    assert note is not None
    assert local_id in note
    assert unsent_note(["f" * 32, None]) is None


_SYNC = """
import os, signal, sys
from pathlib import Path
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.outbox import Outbox

steps = int(sys.argv[3])

def count(frame, event, argument):
    global steps
    if event == "call" and frame.f_code.co_filename.endswith(("outbox.py", "folder.py")):
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(count)
list(Outbox(Path(sys.argv[1])).send(FolderTracker(Path(sys.argv[2]))))
"""


def test_sync_killed_at_any_step_sends_each_run_once(
    tmp_path: Path, outbox: Outbox, experiment: Experiment
) -> None:
    """Kill -9 at steps all over three runs and an addition; then once to the end."""
    far = FolderTracker(tmp_path / "far")
    known = far.log(replace(experiment, target="known"))
    expected = {known}
    for number in range(3):
        expected.add(
            outbox.runs.log(
                replace(experiment, target=f"t{number}"), tags={ATTEMPT_TAG: f"1/t{number}"}
            )
        )
    outbox.keep_addition(known, {"evalhub.verdict": "pass"})
    command = [sys.executable, "-c", _SYNC, str(outbox.root), str(far.root)]
    killed = 0
    for steps in (5, 15, 25, 35, 45, 55, 65, 75, 90, 10_000_000):
        done = subprocess.run([*command, str(steps)], check=False, env=dict(os.environ))
        killed += done.returncode == -signal.SIGKILL
    assert done.returncode == 0
    assert killed >= 5, "the kills came too late to show anything"
    runs = far.list_runs()
    sent_from = {run.tags.get(LOCAL_TAG, run.run_id) for run in runs}
    assert len(runs) == 4
    assert sent_from == expected
    assert far.info(known).tags["evalhub.verdict"] == "pass"
    assert outbox.waiting() == []


SUITE = """\
name: nights
dataset: {path: rows.jsonl, id: id, inputs: [text], reference: summary}
targets:
  old: {function: "tests_of_outbox:answer"}
  new: {function: "tests_of_outbox:answer"}
metrics: [rouge1]
gates:
  - {metric: rouge1, of: new, not_worse_than: old, margin: 0.1}
"""


def test_a_suite_runs_with_the_server_down_and_is_sent_later(
    tmp_path: Path, evalhub_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code is that of the verdict; `eval sync` then sends both runs, each once."""
    rows = [f'{{"id": "{n}", "text": "a b {n}", "summary": "a b"}}' for n in range(8)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    (tmp_path / "tests_of_outbox.py").write_text("def answer(text):\n    return text\n")
    (tmp_path / "suite.yaml").write_text(SUITE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", DOWN)

    def invoke(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(build(["eval"]), ["eval", *arguments])
        return done.exit_code, done.stdout, done.stderr

    code, shown, told = invoke("run", str(tmp_path / "suite.yaml"))
    assert (code, told.count("no MLflow server answers")) == (0, 1), told
    assert "evalhub eval sync" in shown
    _, _, told = invoke("sync", "--dry-run")
    assert "2 runs" in told
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    code, shown, _ = invoke("sync")
    assert (code, len(shown.splitlines())) == (0, 2)
    assert invoke("sync")[2] == "nothing to send\n"
    newest, oldest = MlflowTracker().list_runs("nights")
    assert (newest.target, oldest.target) == ("new", "old")
    assert newest.tags["evalhub.verdict"] == "pass"
